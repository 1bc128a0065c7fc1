/** What can happen in a run, as it is stored. State is the fold of these (evolve.ts); nothing else is remembered. */
import * as z from "zod";
import { CodeText } from "../base/code-text.ts";
import { Digest, Instant, RunId, SiteName } from "../base/ids.ts";
import { SiteFigures, SiteMetrics } from "../models/metrics.ts";
import { PooledFigures } from "../models/pooled.ts";
import { SignedText } from "../secagg/signed-text.ts";

const BlobRef = z.strictObject({ digest: Digest, bytes: z.int().min(0) });
export type BlobRef = z.infer<typeof BlobRef>;
const Round = z.int().min(1);
const at = Instant;
/** What a secure round sums: updates, or only the figures of the end. */
export const Purpose = z.enum(["train", "evaluate"]);
export type Purpose = z.infer<typeof Purpose>;
const InAttempt = { at, round: Round, attempt: z.int().min(1).max(20) };

export const RunEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("run.created"),
    at,
    run: RunId,
    plan: Digest,
    by: z.string(),
    /** Approved sites when the run was made, in byte order. */
    sites: z.array(SiteName),
    /** Digests of the signed decisions that the run rests upon; under secure aggregation each serves one run only. */
    approvals: z.array(z.strictObject({ site: SiteName, statement: Digest })),
    manifest: BlobRef,
    weights: BlobRef,
    /** The base's trainable vector: checkpoint 0. */
    start: BlobRef,
  }),
  z.strictObject({ type: z.literal("round.opened"), at, round: Round, cohort: z.array(SiteName), deadline: Instant }),
  z.strictObject({
    type: z.literal("update.accepted"),
    at,
    round: Round,
    site: SiteName,
    update: BlobRef,
    /** Digest of the signed statement, which is stored with the event. */
    statement: Digest,
    sampleCount: z.int().min(1),
    /** Of the checkpoint that the round started from. */
    validation: SiteMetrics.nullable(),
    engine: z.string(),
    seconds: z.strictObject({ fetch: z.number(), train: z.number() }),
  }),
  z.strictObject({ type: z.literal("site.dropped"), at, round: Round, site: SiteName, code: CodeText, text: z.string() }),
  z.strictObject({
    type: z.literal("round.closed"),
    at,
    round: Round,
    survivors: z.array(SiteName),
    reason: z.enum(["all-answered", "grace-over", "deadline"]),
  }),
  z.strictObject({
    type: z.literal("checkpoint.written"),
    at,
    round: Round,
    checkpoint: BlobRef,
    /** What the server keeps for the next round, under a strategy that keeps something. */
    serverState: BlobRef.optional(),
  }),
  z.strictObject({
    type: z.literal("evaluation.opened"),
    at,
    cohort: z.array(SiteName),
    deadline: Instant,
    reason: z.enum(["all-rounds", "stop-rule"]),
  }),
  z.strictObject({ type: z.literal("evaluation.accepted"), at, site: SiteName, statement: Digest, ...SiteFigures.shape }),
  z.strictObject({ type: z.literal("evaluation.missed"), at, site: SiteName, code: CodeText, text: z.string() }),
  // Secure aggregation. A round is a training round, or the evaluation at the end, which is summed in the same way.
  z.strictObject({
    type: z.literal("attempt.opened"),
    ...InAttempt,
    purpose: Purpose,
    /** 32 bytes, hex. */
    nonce: Digest,
    cohort: z.array(SiteName),
    deadline: Instant,
  }),
  z.strictObject({
    type: z.literal("advert.accepted"),
    ...InAttempt,
    site: SiteName,
    advert: SignedText,
    /** Digest of the signed message, which is stored with the event. */
    statement: Digest,
    figures: SiteFigures,
    engine: z.string(),
    seconds: z.strictObject({ fetch: z.number(), train: z.number() }),
  }),
  /** Who takes part: their keys, in byte order of their names. */
  z.strictObject({ type: z.literal("roster.fixed"), ...InAttempt, sites: z.array(SiteName), roster: Digest, until: Instant }),
  z.strictObject({ type: z.literal("deal.accepted"), ...InAttempt, site: SiteName, deal: BlobRef, root: Digest }),
  z.strictObject({ type: z.literal("shares.fixed"), ...InAttempt, sites: z.array(SiteName), shares: Digest, until: Instant }),
  z.strictObject({ type: z.literal("complaint.made"), ...InAttempt, site: SiteName, dealer: SiteName, complaint: SignedText }),
  z.strictObject({ type: z.literal("complaint.answered"), ...InAttempt, site: SiteName, complainer: SiteName, answer: SignedText }),
  z.strictObject({ type: z.literal("input.accepted"), ...InAttempt, site: SiteName, header: SignedText, body: BlobRef }),
  /** Whose vectors are in the sum. */
  z.strictObject({ type: z.literal("inputs.fixed"), ...InAttempt, sites: z.array(SiteName), inputs: Digest, until: Instant }),
  z.strictObject({ type: z.literal("echo.accepted"), ...InAttempt, site: SiteName, echo: SignedText }),
  z.strictObject({ type: z.literal("release.accepted"), ...InAttempt, site: SiteName, release: BlobRef }),
  /** These releases did not give the sum; more may. */
  z.strictObject({
    type: z.literal("opening.failed"),
    ...InAttempt,
    releases: z.int().min(0),
    code: CodeText,
    text: z.string(),
    blamed: SiteName.nullable(),
  }),
  z.strictObject({
    type: z.literal("sum.opened"),
    ...InAttempt,
    sites: z.array(SiteName),
    /** Digest of the summed words, little-endian, and how many bytes they have. */
    sum: BlobRef,
    /** Everything that led to the sum, kept so that others can rebuild it (secagg/record.ts). */
    record: BlobRef,
    totalWeight: z.int().min(1),
    /** What the totals in the sum say of all survivors' patients together. */
    pooled: PooledFigures,
    /** Dealers whose shares lay on no one polynomial; the sum was found all the same. */
    crooked: z.array(SiteName),
  }),
  /** No share has left: the same round is begun anew under fresh keys. */
  z.strictObject({ type: z.literal("attempt.failed"), ...InAttempt, code: CodeText, text: z.string(), missing: z.array(SiteName) }),
  /** The round has used up its number without a sum; the next one starts from the same checkpoint. */
  z.strictObject({ type: z.literal("round.failed"), at, round: Round, code: CodeText, text: z.string() }),
  // What admins do to a run under way, and the coordinator itself where it says so in `by` (steering.ts).
  /** What is waited for now ends then at the latest; a moment that is past ends it now. */
  z.strictObject({ type: z.literal("deadline.moved"), at, round: Round, by: z.string(), deadline: Instant }),
  z.strictObject({ type: z.literal("site.left-out"), at, by: z.string(), site: SiteName }),
  z.strictObject({ type: z.literal("site.let-in"), at, by: z.string(), site: SiteName }),
  z.strictObject({ type: z.literal("run.paused"), at, by: z.string(), text: z.string() }),
  z.strictObject({ type: z.literal("run.resumed"), at, by: z.string() }),
  z.strictObject({ type: z.literal("run.finished"), at }),
  z.strictObject({ type: z.literal("run.stopped"), at, by: z.string() }),
  z.strictObject({
    type: z.literal("run.failed"),
    at,
    code: z.enum(["quorum-not-reached", "quorum-lost", "rounds-failed", "restored", "updates-lost"]),
    text: z.string(),
  }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
