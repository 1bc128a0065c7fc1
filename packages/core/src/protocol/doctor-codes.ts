/**
 * Everything that a site's `doctor` may say to an admin far away: names of checks and codes, nothing else. Words for them stand in
 * the dashboard. Free of node's modules.
 */
import { CODES, type Code } from "../base/errors.ts";

export const DOCTOR_CHECKS = [
  "node",
  "enrolment",
  "key",
  "disk",
  "memory",
  "agent",
  "participation",
  "plans",
  "tables",
  "proxy",
  "name",
  "connection",
  "ca",
  "tls",
  "coordinator",
  "upgrade",
  "coordinator-key",
  "protocol",
  "membership",
  "clock",
  "speed",
] as const;
export type DoctorCheck = (typeof DOCTOR_CHECKS)[number];

/** Beside the codes of the table of errors. `other`: one that a newer site knows and this table does not. */
export const DOCTOR_CODES = [
  "ok",
  "not-looked-at",
  "other",
  "agent-not-running",
  "agent-offline",
  "agent-outdated",
  "ca-file",
  "certificate-expired",
  "certificate-expires-soon",
  "certificate-other-name",
  "certificate-refused",
  "certificate-unknown-issuer",
  "check-failed",
  "clock-off",
  "clock-wrong",
  "coordinator-away",
  "coordinator-database",
  "coordinator-speaks-wrong",
  "coordinator-starting",
  "data-thin",
  "data-unreadable",
  "data-unregistered",
  "decision-not-sent",
  "disk-fails",
  "disk-limit",
  "disk-low",
  "disk-read-only",
  "download-breaks-off",
  "memory-low",
  "name-unknown",
  "no-answer",
  "no-connection",
  "no-table",
  "no-tls",
  "node-unsupported",
  "not-a-coordinator",
  "not-tls",
  "nothing-listening",
  "plans-waiting",
  "proxy-away",
  "proxy-breaks-off",
  "proxy-cannot-reach",
  "proxy-invalid",
  "proxy-password",
  "proxy-refuses",
  "request-fails",
  "secret-readable",
  "secret-unreadable",
  "slow-line",
  "tls-broken",
  "tls-old",
  "upgrade-refused",
] as const;

export type DoctorCode = (typeof DOCTOR_CODES)[number] | Code;

const KNOWN: ReadonlySet<string> = new Set([...DOCTOR_CODES, ...Object.keys(CODES)]);

export const isDoctorCode = (code: string): code is DoctorCode => KNOWN.has(code);
