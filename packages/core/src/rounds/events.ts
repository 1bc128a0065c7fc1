/** What can happen in a run, as it is stored. State is the fold of these (evolve.ts); nothing else is remembered. */
import * as z from "zod";
import { CODES, type Code } from "../base/errors.ts";
import { Digest, Instant, RunId, SiteName } from "../base/ids.ts";
import { SiteMetrics } from "../models/metrics.ts";

const BlobRef = z.strictObject({ digest: Digest, bytes: z.int().min(0) });
export type BlobRef = z.infer<typeof BlobRef>;
const CodeText = z.enum(Object.keys(CODES) as [Code, ...Code[]]);
const Round = z.int().min(1);
const at = Instant;

export const RunEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("run.created"),
    at,
    run: RunId,
    plan: Digest,
    by: z.string(),
    /** Approved sites when the run was made, in byte order. */
    sites: z.array(SiteName),
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
  z.strictObject({ type: z.literal("checkpoint.written"), at, round: Round, checkpoint: BlobRef }),
  z.strictObject({
    type: z.literal("evaluation.opened"),
    at,
    cohort: z.array(SiteName),
    deadline: Instant,
    reason: z.enum(["all-rounds", "stop-rule"]),
  }),
  z.strictObject({
    type: z.literal("evaluation.accepted"),
    at,
    site: SiteName,
    statement: Digest,
    validation: SiteMetrics.nullable(),
    base: SiteMetrics.nullable(),
    alone: SiteMetrics.nullable(),
    federated: SiteMetrics.nullable(),
  }),
  z.strictObject({ type: z.literal("evaluation.missed"), at, site: SiteName, code: CodeText, text: z.string() }),
  z.strictObject({ type: z.literal("run.finished"), at }),
  z.strictObject({ type: z.literal("run.stopped"), at, by: z.string() }),
  z.strictObject({ type: z.literal("run.failed"), at, code: z.enum(["quorum-not-reached", "quorum-lost"]), text: z.string() }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
