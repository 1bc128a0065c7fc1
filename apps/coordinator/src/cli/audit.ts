/** `engraft-coordinator audit`: the log as a file, and whether it is as it was written. */
import { once } from "node:events";
import { auditInWords } from "@engraft/core/audit/in-words";
import { linesOf } from "@engraft/core/audit/lines";
import { verifyAudit, type AuditBroken, type AuditSound } from "@engraft/core/audit/verify";
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { fromBase64url } from "@engraft/core/base/bytes";
import type { PublicKey } from "@engraft/core/base/ids";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { auditFileVerdict, keyFlag } from "@engraft/runtime/audit-file";
import { readIfThere } from "@engraft/runtime/files";
import { coordinatorKeyPath } from "../auth/secrets.ts";
import { follow, type Reach } from "./api.ts";
import type { Said } from "./commands.ts";

const DAY_MS = 86_400_000;

/** A day or time (2026-11-01, 2026-11-01T12:00Z), or days back (30d). Throws `bad-input`. */
export function sinceOf(text: string, now: number): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const at = days === undefined ? Date.parse(text) : now - Number(days) * DAY_MS;
  if (!(at >= 0)) throw new EngraftError("bad-input", `--since needs a day such as 2026-11-01, a time, or days back such as 30d.`);
  return at;
}

/** Writes the log to stdout as it comes. */
export async function exportAudit(reach: Reach, format: string, since: number | undefined): Promise<void> {
  if (format !== "jsonl" && format !== "syslog") throw new EngraftError("bad-input", "--format is jsonl or syslog.");
  const query = new URLSearchParams({ format, ...(since === undefined ? {} : { since: String(since) }) });
  const body = await follow(reach, `/audit/export?${query.toString()}`, new AbortController().signal);
  for await (const chunk of body) if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
}

/** Of an exported file, without the coordinator, or of the running coordinator's database. With the exit code. */
export async function auditVerdict(
  reach: Reach,
  file: string | undefined,
  key: string | undefined,
): Promise<Said & { readonly exit: number }> {
  const pinned = key === undefined ? await ownKey(reach) : keyFlag(key);
  const report = file === undefined ? await ofDatabase(reach, pinned) : await auditFileVerdict(file, pinned);
  return { json: report, lines: auditInWords(report, pinned !== undefined), exit: report.ok ? 0 : CODES["audit-altered"].exit };
}

/** Of the coordinator whose folder lies here. */
async function ownKey({ data }: Reach): Promise<PublicKey | undefined> {
  const seed = fromBase64url((await readIfThere(coordinatorKeyPath(data)))?.trim() ?? "");
  return seed?.length === 32 ? identityFromSeed(seed).publicKey : undefined;
}

/** Nothing is signed for it: what was altered must not be vouched for. */
async function ofDatabase(reach: Reach, key: PublicKey | undefined): Promise<AuditSound | AuditBroken> {
  const report = await verifyAudit(linesOf(await follow(reach, "/audit/export?sign=no", new AbortController().signal)), { key });
  if (!report.ok || report.anchored) return report;
  const text = `The audit log breaks at entry 1: entries up to ${report.after.seq} were removed, and no signed head says that they were to be.`;
  return { ok: false, line: 1, seq: 1, text };
}
