/** Answering one ask: an update for a round, or the evaluation at a run's end. What goes out is durable before it is returned. */
import { join } from "node:path";
import * as z from "zod";
import { clipTo } from "@engraft/core/aggregation/mean";
import { float32Bytes } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { OwnMix, SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import { travellingClip } from "@engraft/core/models/strategy";
import { sealStatement } from "@engraft/core/protocol/session";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { readJson, writeJson } from "../vault/json-file.ts";
import type { StoredAnswer } from "../vault/outbox.ts";
import { personalBefore } from "../vault/personal.ts";
import type { Agreed } from "./check-ask.ts";
import { gainLettingOut, lettingOut } from "./egress.ts";
import { ownIntercept } from "./own-intercept.ts";
import { ownEarlier } from "./own-earlier.ts";
import { ownMix } from "./own-mix.ts";
import { ownShift } from "./own-shift.ts";
import type { OwnModel, SharedModel, SiteModel } from "./site-model.ts";
import { trainRound } from "./train-round.ts";
import { reporter, type Workshop } from "./workshop.ts";

const SLICE = 1024 * 1024;

/** Works out the answer and keeps it in the outbox. Throws where it cannot be given, or when `signal` is aborted. */
export async function answerAsk(workshop: Workshop, agreed: Agreed, signal: AbortSignal): Promise<StoredAnswer> {
  const answer = agreed.ask.kind === "train" ? await train(workshop, agreed, signal) : await evaluate(workshop, agreed, signal);
  signal.throwIfAborted();
  await workshop.outbox.put(answer);
  return answer;
}

async function train(workshop: Workshop, agreed: Agreed, signal: AbortSignal): Promise<StoredAnswer> {
  const { ask, offered, size } = agreed;
  const { plan } = offered;
  const began = workshop.now();
  const [model, start] = await prepare(workshop, agreed, signal);
  const fetched = workshop.now();
  reporter(workshop, agreed, "evaluate")({ done: 0, total: 1 });
  const own = await personalBefore(workshop.home, ask.run, ask.round);
  const validation = agreed.siteMetrics ? lettingOut(plan, await model.evaluate(start, "validation", own)) : null;
  const trained = await trainRound(workshop, agreed, model, start, own, signal);
  const { update, sampleCount } = trained;
  if (update.length !== size.vectorLength)
    throw new EngraftError("wrong-shape", `The engine gave ${update.length} values; ${size.vectorLength} travel under the plan.`);
  if (!Number.isFinite(clipTo(update, travellingClip(plan)))) {
    throw new EngraftError(
      "training-failed",
      "Training gave values that are not finite, so nothing was sent. A lower learning rate in the plan usually helps.",
    );
  }
  const blob = await keep(workshop.blobs, update);
  const statement = sealStatement(workshop.membership.identity, scopesOf(workshop), "update", {
    run: ask.run,
    round: ask.round,
    plan: ask.plan,
    checkpoint: ask.checkpoint.digest,
    update: blob,
    sampleCount,
    validation,
    engine: model.engine.slice(0, 80),
    seconds: { fetch: Math.max(0, fetched - began) / 1000, train: trained.seconds },
  });
  return { ...keyOf(agreed), statement, blob };
}

async function evaluate(workshop: Workshop, agreed: Agreed, signal: AbortSignal): Promise<StoredAnswer> {
  const { ask, offered } = agreed;
  const { plan } = offered;
  const [model, final] = await prepare(workshop, agreed, signal);
  const report = reporter(workshop, agreed, "evaluate");
  const start = await workshop.vectors.loadVector(ask.run, ask.start, reporter(workshop, agreed, "download"));
  const metrics = async (
    vector: Float32Array,
    part: "validation" | "test",
    step: number,
    personal?: Float32Array,
  ): Promise<SiteMetrics | null> => {
    signal.throwIfAborted();
    report({ done: step, total: 4 });
    return agreed.siteMetrics ? lettingOut(plan, await model.evaluate(vector, part, personal)) : null;
  };
  const own = await personalBefore(workshop.home, ask.run, Number.POSITIVE_INFINITY);
  const validation = await metrics(final, "validation", 0, own);
  const federated = await metrics(final, "test", 1, own);
  const base = await metrics(start, "test", 2);
  const compares = plan.metrics.compareAlone && agreed.siteMetrics;
  const shared = { vector: final, personal: own, metrics: federated };
  const alone = compares ? await trainedAlone(workshop, agreed, model, shared, signal) : undefined;
  const intercept = await ownIntercept(workshop, agreed, model, shared, signal);
  const earlier = await ownEarlier(workshop, agreed, model, shared, signal);
  const shift = await ownShift(workshop, agreed, signal);
  const statement = sealStatement(workshop.membership.identity, scopesOf(workshop), "evaluation", {
    run: ask.run,
    round: ask.round,
    plan: ask.plan,
    checkpoint: ask.checkpoint.digest,
    validation,
    base,
    alone: alone?.test ?? null,
    federated,
    ...(alone?.mix === undefined ? {} : { mix: alone.mix }),
    ...(intercept === undefined ? {} : { intercept }),
    ...(alone?.gain === undefined ? {} : { gain: alone.gain }),
    ...(earlier === undefined ? {} : { earlier }),
    ...(shift === undefined ? {} : { shift }),
  });
  return { ...keyOf(agreed), statement, blob: null };
}

const AloneFile = z.strictObject({
  format: z.literal("engraft.alone/1"),
  plan: Digest,
  rounds: z.int(),
  test: SiteMetrics.nullable(),
  /** Only where the plan asks for it. */
  mix: OwnMix.nullable().optional(),
  gain: SiteGain.nullable().optional(),
});
type Alone = Pick<z.infer<typeof AloneFile>, "test" | "mix" | "gain">;

/** How a model that this site trains alone does, and one between it and the federation's: worked out once a run, because it takes as long as the run did. */
async function trainedAlone(
  workshop: Workshop,
  agreed: Agreed,
  model: SiteModel,
  shared: SharedModel & { readonly metrics: SiteMetrics | null },
  signal: AbortSignal,
): Promise<Alone> {
  const { ask, offered } = agreed;
  const path = join(workshop.home, "runs", `${ask.run}.alone.json`);
  const known = await readJson(path, AloneFile);
  if (known !== undefined && known.plan === ask.plan && known.rounds === ask.round) return known;
  const { plan } = offered;
  const own = await ownModel(workshop, agreed, model, signal);
  const test = lettingOut(plan, await model.evaluate(own.vector, "test", own.personal));
  const mix = plan.metrics.compareMix === true ? { mix: await ownMix(plan, model, shared, own, signal) } : {};
  const gain =
    plan.metrics.compareGain === true ? { gain: gainLettingOut(plan, await model.gain(shared, own, "alone"), [test, shared.metrics]) } : {};
  await writeJson(path, { format: "engraft.alone/1", plan: ask.plan, rounds: ask.round, test, ...mix, ...gain });
  return { test, ...mix, ...gain };
}

/** A model trained on this site's data only, as long as the plan's rounds. It stays here. */
export async function ownModel(workshop: Workshop, agreed: Agreed, model: SiteModel, signal: AbortSignal): Promise<OwnModel> {
  const { ask, offered } = agreed;
  // Under secure aggregation the evaluation is a round of its own, after the last one that trained.
  const rounds = ask.attempt === null ? ask.round : Math.min(ask.round - 1, offered.plan.rounds.count);
  const report = reporter(workshop, agreed, "train");
  report({ done: 0, total: 1 });
  const own = await model.trainAlone(rounds, report, signal);
  signal.throwIfAborted();
  return own;
}

/** The open model and the vector to start from; vectors of earlier rounds are let go. */
export async function prepare(workshop: Workshop, agreed: Agreed, signal: AbortSignal): Promise<readonly [SiteModel, Float32Array]> {
  const { ask } = agreed;
  const download = reporter(workshop, agreed, "download");
  const model = await workshop.models.forAsk(agreed, { download, prepare: reporter(workshop, agreed, "prepare") }, signal);
  signal.throwIfAborted();
  const vector = await workshop.vectors.loadVector(ask.run, ask.checkpoint, download);
  await workshop.vectors.keepOnly(ask.run, [ask.checkpoint.digest, ask.start.digest]);
  signal.throwIfAborted();
  return [model, vector];
}

/** In slices, so that hashing a large update does not keep the link waiting. */
function keep(blobs: BlobStore, update: Float32Array): Promise<BlobRef> {
  const bytes = float32Bytes(update);
  return blobs.write(async (append) => {
    for (let at = 0; at < bytes.byteLength; at += SLICE) await append(bytes.subarray(at, at + SLICE));
  });
}

const keyOf = ({ ask }: Agreed) => ({ run: ask.run, round: ask.round, kind: ask.kind, checkpoint: ask.checkpoint.digest });

const scopesOf = (workshop: Workshop) => ({ federation: workshop.membership.federation.coordinator, session: undefined });
