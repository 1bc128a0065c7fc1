/** What a site says of itself on its link, and a look by its own `doctor` that an admin asks for. From protocol 2 on. */
import * as z from "zod";
import { Instant } from "../base/ids.ts";
import { DOCTOR_CHECKS, isDoctorCode } from "./doctor-codes.ts";
import { Timings } from "./timings.ts";

/** The protocol version from which both sides know these messages. */
export const SITE_MESSAGES_FROM = 2;

/** How the agent reaches the coordinator; no address and no name. */
export const Way = z.enum(["direct", "proxy", "proxy-with-password", "tls-proxy"]);
export type Way = z.infer<typeof Way>;

/** Site: with every new link, and when one of them changes. Not stored by itself. */
export const SiteAbout = z.strictObject({
  paused: z.boolean(),
  /** Its people end the agent: what follows is no fault. */
  stopping: z.boolean(),
  way: Way,
  /** The hospital's own certificate authority is trusted beside the public ones. */
  ownAuthority: z.boolean(),
  /** Whether its steward lets admins ask for a look by `doctor`. */
  doctor: z.boolean(),
});
export type SiteAbout = z.infer<typeof SiteAbout>;

const AskId = z.string().regex(/^[A-Za-z0-9_-]{16}$/);

/** Coordinator: an admin asks the site to look at itself. */
export const DoctorAsk = z.strictObject({ id: AskId, at: Instant });
export type DoctorAsk = z.infer<typeof DoctorAsk>;

const DoctorFinding = z.strictObject({
  check: z.enum(DOCTOR_CHECKS),
  level: z.enum(["ok", "warning", "problem", "skipped"]),
  code: z.string().max(40).refine(isDoctorCode, "not a code of doctor's"),
});
export type DoctorFinding = z.infer<typeof DoctorFinding>;

/** Site: what it found, in codes alone; or that its steward does not allow it, and then nothing was looked at. */
export const DoctorAnswer = z.discriminatedUnion("outcome", [
  z.strictObject({ id: AskId, at: Instant, outcome: z.literal("looked"), findings: z.array(DoctorFinding).max(100) }),
  z.strictObject({ id: AskId, at: Instant, outcome: z.literal("not-allowed") }),
  z.strictObject({ id: AskId, at: Instant, outcome: z.literal("busy") }),
]);
export type DoctorAnswer = z.infer<typeof DoctorAnswer>;

/** Rows of the message table. An ask and its answer are statements that both sides keep. */
export const SITE_MESSAGES = {
  "site.about": { schema: SiteAbout, sender: "site", scope: "session", maxBytes: 1_024 },
  "doctor.ask": { schema: DoctorAsk, sender: "coordinator", scope: "federation", maxBytes: 1_024 },
  "doctor.answer": { schema: DoctorAnswer, sender: "site", scope: "federation", maxBytes: 16_384 },
  timings: { schema: Timings, sender: "site", scope: "federation", maxBytes: 16_384 },
} as const;
