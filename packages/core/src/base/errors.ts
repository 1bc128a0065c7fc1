/**
 * One table of everything that can be refused or can fail, and how each code appears at every edge.
 *
 * - a *refusal* is expected and travels as a value: `Refusal`;
 * - a *fault* is the world failing and is thrown: `EngraftError`;
 * - a *bug* is an assertion: the process stops and replays its log.
 */

interface CodeEntry {
  /** tRPC error code shown to the dashboard. */
  readonly trpc:
    | "BAD_REQUEST"
    | "UNAUTHORIZED"
    | "FORBIDDEN"
    | "NOT_FOUND"
    | "CONFLICT"
    | "PRECONDITION_FAILED"
    | "INTERNAL_SERVER_ERROR"
    | "TOO_MANY_REQUESTS"
    | "PAYLOAD_TOO_LARGE";
  /** WebSocket close code, for codes that end a link (4000-4999, private use: RFC 6455, 7.4.2). */
  readonly close: number;
  /** Exit code of the command line tools. */
  readonly exit: number;
}

const entry = (trpc: CodeEntry["trpc"], close: number, exit: number): CodeEntry => ({ trpc, close, exit });

export const CODES = {
  // input
  "bad-input": entry("BAD_REQUEST", 4000, 2),
  "bad-config": entry("BAD_REQUEST", 4000, 2),
  "not-found": entry("NOT_FOUND", 4004, 3),
  "not-allowed": entry("FORBIDDEN", 4003, 4),
  "not-signed-in": entry("UNAUTHORIZED", 4001, 4),
  conflict: entry("CONFLICT", 4009, 5),
  "too-many": entry("TOO_MANY_REQUESTS", 4029, 5),
  // invites and enrolment
  "invite-mistyped": entry("BAD_REQUEST", 4010, 10),
  "invite-expired": entry("PRECONDITION_FAILED", 4011, 11),
  "invite-used": entry("CONFLICT", 4012, 12),
  "invite-forged": entry("FORBIDDEN", 4013, 13),
  "coordinator-key-wrong": entry("FORBIDDEN", 4014, 14),
  "name-taken": entry("CONFLICT", 4015, 15),
  "not-enrolled": entry("PRECONDITION_FAILED", 4016, 16),
  "enrolled-elsewhere": entry("CONFLICT", 4017, 17),
  // the wire
  "protocol-version": entry("PRECONDITION_FAILED", 4020, 20),
  "unknown-key": entry("FORBIDDEN", 4021, 21),
  "bad-signature": entry("FORBIDDEN", 4022, 22),
  "bad-message": entry("BAD_REQUEST", 4023, 23),
  "message-too-big": entry("PAYLOAD_TOO_LARGE", 4024, 23),
  "link-lost": entry("INTERNAL_SERVER_ERROR", 4025, 25),
  unreachable: entry("INTERNAL_SERVER_ERROR", 4026, 26),
  "replaced-by-new-link": entry("CONFLICT", 4027, 27),
  // plans and approval
  "plan-invalid": entry("BAD_REQUEST", 4030, 30),
  "plan-unknown": entry("NOT_FOUND", 4031, 31),
  "plan-not-approved": entry("PRECONDITION_FAILED", 4032, 32),
  "plan-refused": entry("PRECONDITION_FAILED", 4033, 33),
  "plan-withdrawn": entry("PRECONDITION_FAILED", 4034, 34),
  // updates
  "stale-round": entry("CONFLICT", 4040, 40),
  "not-in-cohort": entry("FORBIDDEN", 4041, 41),
  "second-answer": entry("CONFLICT", 4042, 42),
  "wrong-shape": entry("BAD_REQUEST", 4043, 43),
  "not-finite": entry("BAD_REQUEST", 4044, 44),
  "over-clip": entry("BAD_REQUEST", 4045, 45),
  "count-out-of-range": entry("BAD_REQUEST", 4046, 46),
  "metric-not-allowed": entry("FORBIDDEN", 4047, 47),
  "run-ended": entry("CONFLICT", 4048, 48),
  "wrong-plan": entry("CONFLICT", 4049, 49),
  // data at the site
  "data-missing": entry("PRECONDITION_FAILED", 4050, 50),
  "data-invalid": entry("PRECONDITION_FAILED", 4051, 51),
  "training-failed": entry("INTERNAL_SERVER_ERROR", 4052, 52),
  paused: entry("PRECONDITION_FAILED", 4053, 53),
  "site-limits": entry("PRECONDITION_FAILED", 4055, 55),
  "site-policy": entry("PRECONDITION_FAILED", 4056, 56),
  "left-out": entry("CONFLICT", 4054, 54),
  // storage
  "digest-mismatch": entry("INTERNAL_SERVER_ERROR", 4060, 60),
  "blob-missing": entry("NOT_FOUND", 4061, 61),
  "disk-full": entry("INTERNAL_SERVER_ERROR", 4062, 62),
  "disk-fault": entry("INTERNAL_SERVER_ERROR", 4067, 67),
  locked: entry("CONFLICT", 4063, 63),
  "version-conflict": entry("CONFLICT", 4064, 64),
  "port-busy": entry("CONFLICT", 4065, 65),
  "database-unavailable": entry("INTERNAL_SERVER_ERROR", 4066, 66),
  // releases
  withdrawn: entry("PRECONDITION_FAILED", 4068, 68),
  "not-proven": entry("PRECONDITION_FAILED", 4069, 69),
  // audit
  "audit-altered": entry("INTERNAL_SERVER_ERROR", 4085, 85),
  // secure aggregation
  "directory-wrong": entry("FORBIDDEN", 4070, 70),
  "directory-not-compared": entry("PRECONDITION_FAILED", 4071, 71),
  "roster-wrong": entry("FORBIDDEN", 4072, 72),
  "too-few-sites": entry("PRECONDITION_FAILED", 4073, 73),
  "attempt-stale": entry("CONFLICT", 4074, 74),
  "second-set": entry("CONFLICT", 4075, 75),
  "share-wrong": entry("BAD_REQUEST", 4076, 76),
  "inputs-wrong": entry("FORBIDDEN", 4077, 77),
  "echoes-missing": entry("FORBIDDEN", 4078, 78),
  "round-released": entry("CONFLICT", 4079, 79),
  "release-refused": entry("FORBIDDEN", 4080, 80),
  "too-many-complaints": entry("TOO_MANY_REQUESTS", 4081, 81),
  "sum-unrecoverable": entry("INTERNAL_SERVER_ERROR", 4082, 82),
  "sum-out-of-range": entry("INTERNAL_SERVER_ERROR", 4083, 83),
  "site-restored": entry("PRECONDITION_FAILED", 4084, 84),
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

export const isCode = (value: string): value is Code => Object.hasOwn(CODES, value);

/** An expected "no". `text` says what happened and what to do next; never a data value or a patient id. */
export interface Refusal {
  readonly ok: false;
  readonly code: Code;
  readonly text: string;
}

export const refuse = (code: Code, text: string): Refusal => ({ ok: false, code, text });

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === "object" && value !== null && "ok" in value && value.ok === false && "code" in value;

/** A fault of the world (disk, network, peer) with a stable code. */
export class EngraftError extends Error {
  override readonly name = "EngraftError";
  readonly code: Code;
  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A broken promise of our own code. Never caught to go on: crash and replay. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`Bug: ${what}`);
}
