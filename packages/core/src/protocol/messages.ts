/**
 * Every control message, its schema, who sends it and how large it may be. Each travels as a signed envelope (one JSON
 * text frame); bulk travels as binary frames (frame.ts) and is covered by the digest in a signed message.
 */
import * as z from "zod";
import { CodeText } from "../base/code-text.ts";
import { Digest, Instant, PublicKey, RunId, SiteName } from "../base/ids.ts";
import { SiteFigures, SiteMetrics } from "../models/metrics.ts";
import { ProbeReport } from "../models/probe-report.ts";
import { Packed, SignedText } from "../secagg/signed-text.ts";
import { SITE_MESSAGES } from "./site-messages.ts";
import { VersionRange } from "./version.ts";

const Text = z.string().max(500);
const Nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const Round = z.int().min(1).max(10_000);
const Bytes = z.int().min(0).max(1_099_511_627_776);
const BlobRef = z.strictObject({ digest: Digest, bytes: Bytes });
const TransferId = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

// Session set-up ------------------------------------------------------------------------------------------------------

/** Coordinator, first frame: who it is, what it speaks, and a fresh nonce. */
const Challenge = z.strictObject({ protocol: VersionRange, nonce: Nonce, at: Instant });
/** Site: signs the coordinator's nonce and adds its own. */
const Hello = z.strictObject({
  site: SiteName,
  protocol: VersionRange,
  challenge: Nonce,
  nonce: Nonce,
  version: z.string().max(40),
  engine: z.string().max(80),
  at: Instant,
});
/** Coordinator: signs the site's nonce. From here on both know the session. */
const Welcome = z.strictObject({ protocol: z.int(), nonce: Nonce, at: Instant });
/** Either side ends the link and says why. */
const Goodbye = z.strictObject({ code: CodeText, text: Text });

// Plans ---------------------------------------------------------------------------------------------------------------

/** Coordinator: a plan that waits for this site's decision. `plan` is its canonical text, `manifest` the base's exact text. */
const PlanOffer = z.strictObject({ plan: z.string().max(262_144), manifest: z.string().max(524_288), withdrawn: z.boolean() });
/** Site: the steward's decision. */
const Approval = z.strictObject({
  plan: Digest,
  decision: z.enum(["approved", "refused"]),
  /** Whether figures of this site's own patients may leave, where the plan asks for them. */
  siteMetrics: z.boolean(),
  reason: Text.nullable(),
  /** Digest of what the site says of how its table becomes the plan's fields (units, codes); absent where it takes them as they stand. */
  mapping: Digest.optional(),
  /** The table has no patient ids: each row counts as a patient. */
  rowsAsPatients: z.literal(true).optional(),
  /** What a probe before the run has found, where figures of this site's own patients may leave. */
  probe: ProbeReport.optional(),
  steward: z.string().min(1).max(120),
  at: Instant,
});
const ApprovalRecorded = z.strictObject({ plan: Digest, decision: z.enum(["approved", "refused"]) });

// Rounds --------------------------------------------------------------------------------------------------------------

/** What a sum came to; part of the signed ask of the next round, so that a site that missed it learns it then. */
const Outcome = z.strictObject({
  round: Round,
  attempt: z.int().min(1).max(20),
  roster: Digest,
  inputs: Digest,
  /** Digest of the summed words, little-endian. */
  sum: Digest,
  survivors: z.int().min(1).max(100),
  totalWeight: z.int().min(1),
  /** Where the run stands after it: the new checkpoint, or the old one after an evaluation. */
  checkpoint: Digest,
});
const AttemptOpening = z.strictObject({
  number: z.int().min(1).max(20),
  /** 32 bytes, hex, fresh for each attempt. */
  nonce: Digest,
  /** Of the last round that opened a sum; null before there was one. */
  previous: Outcome.nullable(),
});
/** Coordinator: train in a round, or evaluate the final checkpoint. */
const Ask = z.strictObject({
  run: RunId,
  /** For `evaluate` under plain aggregation, the number of the last round; under secure aggregation a round of its own. */
  round: z.int().min(0).max(10_000),
  kind: z.enum(["train", "evaluate"]),
  plan: Digest,
  manifest: BlobRef,
  weights: BlobRef,
  /** The trainable vector to start from. */
  checkpoint: BlobRef,
  /** The run's first checkpoint: the base unchanged. */
  start: BlobRef,
  deadline: Instant,
  /** Under secure aggregation: the attempt to join, once the encoded vector is stored. */
  attempt: AttemptOpening.nullable(),
  /** Under SCAFFOLD: the last round whose checkpoint this site has a part in, 0 for none; the control variate that it kept then is its own. */
  counted: z.int().min(0).max(10_000).optional(),
});
/** Site: an update is ready to be fetched under its digest. */
const Update = z.strictObject({
  run: RunId,
  round: Round,
  plan: Digest,
  checkpoint: Digest,
  update: BlobRef,
  sampleCount: z.int().min(1).max(100_000_000),
  /** The received checkpoint on the site's validation patients; null where the plan's minimum count is not met. */
  validation: SiteMetrics.nullable(),
  engine: z.string().max(80),
  seconds: z.strictObject({ fetch: z.number().min(0), train: z.number().min(0) }),
});
/** Site: how the final checkpoint does on its test patients, beside the base unchanged and training alone. */
const Evaluation = z.strictObject({
  run: RunId,
  round: z.int().min(0).max(10_000),
  plan: Digest,
  checkpoint: Digest,
  ...SiteFigures.shape,
});
/** Site: will not or cannot answer an ask. */
const Decline = z.strictObject({
  run: RunId,
  round: z.int().min(0).max(10_000),
  kind: z.enum(["train", "evaluate"]),
  plan: Digest,
  code: CodeText,
  text: Text,
});
/** Coordinator: an answer is durably accepted, or refused and why. */
const AnswerRecorded = z.strictObject({
  run: RunId,
  round: z.int().min(0).max(10_000),
  kind: z.enum(["train", "evaluate"]),
  outcome: z.enum(["accepted", "refused"]),
  code: CodeText.nullable(),
  text: Text.nullable(),
});
/** Coordinator: stop working on this run. */
const Cancel = z.strictObject({ run: RunId, text: Text });
/** Site: where its work stands. Not stored. */
const Progress = z.strictObject({
  run: RunId,
  round: z.int().min(0).max(10_000),
  phase: z.enum(["wait", "download", "prepare", "train", "evaluate", "upload"]),
  done: z.number().min(0),
  total: z.number().min(0),
});

// Secure aggregation: the exchanges of an attempt after its ask -----------------------------------------------------------

const Members = z.array(SignedText).max(100);
/** Up to 8 digests (core/crypto/merkle.ts). */
const Path = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(342);
const Part = z.strictObject({ statement: SignedText, seedCommitment: Digest, seedPath: Path, leaf: Packed, path: Path });
const InAttempt = { run: RunId, round: Round, attempt: z.int().min(1).max(20) };

/** Coordinator: what has been fixed, for the site's next statement. Sent again with every new link. */
const SecaggStep = z.discriminatedUnion("phase", [
  z.strictObject({ ...InAttempt, phase: z.literal("roster"), adverts: Members }),
  z.strictObject({ ...InAttempt, phase: z.literal("shares"), parts: z.array(Part).max(100) }),
  /** To a dealer: somebody says that its shares are garbage. */
  z.strictObject({ ...InAttempt, phase: z.literal("complaint"), complaint: SignedText }),
  /** To the complainer: the dealer's answer. */
  z.strictObject({ ...InAttempt, phase: z.literal("answer"), answer: SignedText }),
  z.strictObject({ ...InAttempt, phase: z.literal("survivors"), headers: Members }),
  z.strictObject({ ...InAttempt, phase: z.literal("echoes"), echoes: Members }),
  /** The sum is open: the attempt's secrets can be wiped. */
  z.strictObject({ ...InAttempt, phase: z.literal("outcome"), outcome: Outcome }),
  /** What the site sent last does not count, and nothing more is awaited from it in this attempt. */
  z.strictObject({ ...InAttempt, phase: z.literal("dropped"), code: CodeText, text: Text }),
]);

/** Site: its statement for a phase. Made once, journalled before it leaves, and sent again as it was. */
const SecaggReply = z.discriminatedUnion("phase", [
  z.strictObject({
    ...InAttempt,
    phase: z.literal("advert"),
    plan: Digest,
    checkpoint: Digest,
    statement: SignedText,
    figures: SiteFigures,
    engine: z.string().max(80),
    seconds: z.strictObject({ fetch: z.number().min(0), train: z.number().min(0) }),
  }),
  z.strictObject({
    ...InAttempt,
    phase: z.literal("deal"),
    statement: SignedText,
    seedCommitment: Digest,
    leaves: z.array(Packed).max(100),
  }),
  z.strictObject({ ...InAttempt, phase: z.literal("complaint"), statement: SignedText }),
  z.strictObject({ ...InAttempt, phase: z.literal("answer"), statement: SignedText }),
  /** The masked vector is ready to be fetched under its digest. */
  z.strictObject({ ...InAttempt, phase: z.literal("masked"), statement: SignedText, body: BlobRef }),
  z.strictObject({ ...InAttempt, phase: z.literal("echo"), statement: SignedText }),
  z.strictObject({ ...InAttempt, phase: z.literal("release"), statement: SignedText }),
  /** The site will not go on in this attempt, and says by which rule. */
  z.strictObject({ ...InAttempt, phase: z.literal("refused"), step: z.string().max(20), code: CodeText, text: Text }),
]);

// Bulk: whoever lacks a blob asks its peer for it, from the byte it already holds ------------------------------------------

const TransferGet = z.strictObject({ transfer: TransferId, digest: Digest, offset: Bytes });
const TransferAck = z.strictObject({ transfer: TransferId, offset: Bytes });
const TransferMissing = z.strictObject({ transfer: TransferId, text: Text });

export type Sender = "site" | "coordinator" | "both";

/**
 * `scope`: `federation` messages are statements that are stored and can be shown later, so they are signed for the
 * federation; `session` messages count on one link only (see crypto/envelope.ts).
 */
const row = <T extends z.ZodType>(schema: T, sender: Sender, scope: "federation" | "session", maxBytes: number) =>
  ({ schema, sender, scope, maxBytes }) as const;

export const MESSAGES = {
  challenge: row(Challenge, "coordinator", "federation", 1_024),
  hello: row(Hello, "site", "federation", 2_048),
  welcome: row(Welcome, "coordinator", "federation", 1_024),
  goodbye: row(Goodbye, "both", "federation", 2_048),
  "plan.offer": row(PlanOffer, "coordinator", "session", 1_048_576),
  approval: row(Approval, "site", "federation", 4_096),
  "approval.recorded": row(ApprovalRecorded, "coordinator", "session", 1_024),
  ask: row(Ask, "coordinator", "federation", 4_096),
  update: row(Update, "site", "federation", 8_192),
  evaluation: row(Evaluation, "site", "federation", 65_536),
  decline: row(Decline, "site", "federation", 4_096),
  "answer.recorded": row(AnswerRecorded, "coordinator", "session", 4_096),
  "secagg.step": row(SecaggStep, "coordinator", "session", 262_144),
  "secagg.reply": row(SecaggReply, "site", "federation", 131_072),
  cancel: row(Cancel, "coordinator", "session", 2_048),
  progress: row(Progress, "site", "session", 1_024),
  ...SITE_MESSAGES,
  "transfer.get": row(TransferGet, "both", "session", 1_024),
  "transfer.ack": row(TransferAck, "both", "session", 1_024),
  "transfer.missing": row(TransferMissing, "both", "session", 2_048),
} as const;

export type MessageType = keyof typeof MESSAGES;
export type MessageOf<T extends MessageType> = z.infer<(typeof MESSAGES)[T]["schema"]>;
export type Message = { [T in MessageType]: { readonly type: T; readonly value: MessageOf<T> } }[MessageType];

export type Ask = MessageOf<"ask">;
export type Update = MessageOf<"update">;
export type Evaluation = MessageOf<"evaluation">;
export type Decline = MessageOf<"decline">;
export type Approval = MessageOf<"approval">;
export type Progress = MessageOf<"progress">;
export type SecaggStep = MessageOf<"secagg.step">;
export type SecaggReply = MessageOf<"secagg.reply">;
export type Outcome = z.infer<typeof Outcome>;
export type AttemptOpening = z.infer<typeof AttemptOpening>;

/** A text frame larger than this is refused before it is looked at (ws `maxPayload`; binary frames are smaller). */
export const MAX_FRAME = 1_572_864;

// Enrolment (one HTTP request, before there is a link) ----------------------------------------------------------------------

/** Envelope types of POST /enrol and its two answers; all in the federation's scope. */
export const ENROL_TYPES = { join: "join", joined: "joined", refused: "join.refused" } as const;

/** Site: asks to be enrolled. `proof` shows that it holds the invite's secret, bound to this key and this coordinator. */
export const Join = z.strictObject({
  invite: z.string().max(40),
  site: SiteName,
  coordinator: PublicKey,
  proof: Nonce,
  version: z.string().max(40),
  at: Instant,
});
export type Join = z.infer<typeof Join>;
export const Joined = z.strictObject({ site: SiteName, key: PublicKey, again: z.boolean(), at: Instant });
export type Joined = z.infer<typeof Joined>;
/** Signed by the coordinator, so that a refusal is as genuine as a welcome. */
export const JoinRefused = z.strictObject({ key: PublicKey, code: CodeText, text: Text });
