/** What a site puts into a round's sum: its weighted update and the counts of its patients, encoded once. */
import { statisticsTotals, type Statistics } from "@engraft/core/aggregation/statistics";
import { float32Bytes } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { analyticOf, startsFromZero, type Analytic } from "@engraft/core/models/analytic";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { flatten, trainableTensors } from "@engraft/core/models/tensors";
import type { SiteFigures } from "@engraft/core/models/metrics";
import { totalsOf } from "@engraft/core/models/tally";
import { encodingOf, weightFor } from "@engraft/core/secagg/encoding-of-plan";
import { secureOf } from "@engraft/core/secagg/of-plan";
import { vectorBytes } from "@engraft/core/secagg/mask-input";
import { encodeInput, type Input } from "@engraft/core/secagg/quantize";
import { personalBefore } from "../../vault/personal.ts";
import { ownModel, prepare } from "../answer.ts";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import type { Agreed } from "../check-ask.ts";
import { gainLettingOut, lettingOut } from "../egress.ts";
import { ownIntercept } from "../own-intercept.ts";
import { ownEarlier } from "../own-earlier.ts";
import { ownMix } from "../own-mix.ts";
import { ownShift } from "../own-shift.ts";
import type { SiteModel } from "../site-model.ts";
import { trainRound } from "../train-round.ts";
import { reporter, type Workshop } from "../workshop.ts";
import { summaryInput } from "./summary-vector.ts";

export interface Made {
  readonly bytes: Uint8Array;
  readonly figures: SiteFigures;
  readonly engine: string;
  readonly seconds: { readonly fetch: number; readonly train: number };
}

const NO_FIGURES: SiteFigures = { validation: null, base: null, alone: null, federated: null };

export interface Shaping {
  /** The round's hash (R0). */
  readonly round: Digest;
  /**
   * 32 bytes that decide how values are rounded: secret, and the same whenever this site makes the round's vector, so that one
   * made again after a crash is the same.
   */
  readonly rounding: Uint8Array;
  /** This site's secure journal. */
  readonly records: readonly JournalRecord[];
}

/** Trains, or evaluates at the run's end. Throws where it cannot, or when `signal` is aborted. */
export async function makeVector(workshop: Workshop, agreed: Agreed, shaping: Shaping, signal: AbortSignal): Promise<Made> {
  const began = workshop.now();
  if (agreed.offered.plan.summary !== undefined) {
    const { input, figures, engine } = await summaryInput(workshop, agreed, shaping.records, signal);
    return {
      bytes: encoded(agreed, shaping, input),
      figures,
      engine,
      seconds: { fetch: 0, train: Math.max(0, workshop.now() - began) / 1000 },
    };
  }
  const [model, start] = await prepare(workshop, agreed, signal);
  const fetch = Math.max(0, workshop.now() - began) / 1000;
  await mustBeOfBase(workshop, agreed);
  const { input, figures, seconds } =
    agreed.ask.kind === "train"
      ? await train(workshop, agreed, model, start, signal)
      : await evaluate(workshop, agreed, model, start, signal);
  signal.throwIfAborted();
  const bytes = encoded(agreed, shaping, input);
  return { bytes, figures, engine: model.engine.slice(0, 80), seconds: { fetch, train: seconds } };
}

/** Before there was a sum nobody has confirmed where the run starts from: it must be the plan's base, by its own weights. */
async function mustBeOfBase(workshop: Workshop, agreed: Agreed): Promise<void> {
  const { ask, offered, size } = agreed;
  const { plan, manifest } = offered;
  if (ask.kind === "train" && ask.attempt?.previous !== null) return;
  const weights = await workshop.vectors.load(ask.weights, reporter(workshop, agreed, "download"));
  const trained = trainableTensors(manifest.tensors, plan.training.trainable);
  // What travels along with the model begins at zero.
  const start = new Float32Array(size.vectorLength);
  start.set(flatten(trained, readSafetensors(weights).tensors));
  if (sha256(float32Bytes(start)) === ask.start.digest) return;
  throw new EngraftError("inputs-wrong", "The run does not start from the base model of the approved plan. Nothing was trained.");
}

interface Part {
  readonly input: Input;
  readonly figures: SiteFigures;
  readonly seconds: number;
}

async function train(workshop: Workshop, agreed: Agreed, model: SiteModel, start: Float32Array, signal: AbortSignal): Promise<Part> {
  const { plan } = agreed.offered;
  reporter(workshop, agreed, "evaluate")({ done: 0, total: 1 });
  const { run, round } = agreed.ask;
  const own = await personalBefore(workshop.home, run, round);
  const tally = await model.tally(start, "validation", own);
  const validation = agreed.siteMetrics ? lettingOut(plan, await model.evaluate(start, "validation", own)) : null;
  signal.throwIfAborted();
  const analytic = analyticOf(plan, { purpose: "train", round });
  if (analytic !== undefined) {
    const began = workshop.now();
    const counted = totalsOf(plan, "train", { validation: tally });
    const first = startsFromZero(analytic, agreed.ask.checkpoint.digest, agreed.ask.start.digest);
    const input = solvingInput(agreed, analytic, await model.statistics(start, first, own), { counted, moments: first });
    return { input, figures: { ...NO_FIGURES, validation }, seconds: Math.max(0, workshop.now() - began) / 1000 };
  }
  const { update, sampleCount, seconds } = await trainRound(workshop, agreed, model, start, own, signal);
  const input = { weight: weightFor(plan, sampleCount), update, totals: totalsOf(plan, "train", { validation: tally }) };
  return { input, figures: { ...NO_FIGURES, validation }, seconds };
}

/** No update: statistics are exact totals, so the opened sum is the one of all patients together, however they are spread. */
function solvingInput(
  { offered }: Agreed,
  analytic: Analytic,
  statistics: Statistics,
  { counted, moments }: { readonly counted: readonly number[]; readonly moments: boolean },
): Input {
  const { plan } = offered;
  const secure = secureOf(plan);
  if (secure === undefined) throw new Error("Bug: analytic rounds are refused in plain");
  const totals = statisticsTotals(statistics, analytic, { sites: secure.directory.length, cap: secure.weightCap, moments });
  return { weight: weightFor(plan, statistics.samples), update: new Float32Array(0), totals: [...counted, ...totals] };
}

async function evaluate(workshop: Workshop, agreed: Agreed, model: SiteModel, final: Float32Array, signal: AbortSignal): Promise<Part> {
  const { ask, offered, siteMetrics } = agreed;
  const { plan } = offered;
  const report = reporter(workshop, agreed, "evaluate");
  const start = await workshop.vectors.loadVector(ask.run, ask.start, reporter(workshop, agreed, "download"));
  const alone = plan.metrics.compareAlone ? await ownModel(workshop, agreed, model, signal) : undefined;
  const look = async (vector: Float32Array, part: "validation" | "test", step: number, personal?: Float32Array) => {
    signal.throwIfAborted();
    report({ done: step, total: 4 });
    const tally = await model.tally(vector, part, personal);
    return { tally, figures: siteMetrics ? lettingOut(plan, await model.evaluate(vector, part, personal)) : null };
  };
  const kept = await personalBefore(workshop.home, ask.run, Number.POSITIVE_INFINITY);
  const nothing = { tally: null, figures: null };
  const validation = await look(final, "validation", 0, kept);
  const federated = await look(final, "test", 1, kept);
  const base = await look(start, "test", 2);
  const own = alone === undefined ? nothing : await look(alone.vector, "test", 3, alone.personal);
  const tallies = { validation: validation.tally, base: base.tally, federated: federated.tally, alone: own.tally };
  const shown = { validation: validation.figures, base: base.figures, federated: federated.figures, alone: own.figures };
  const wanted = siteMetrics && plan.metrics.compareMix === true && alone !== undefined;
  const mix = wanted ? await ownMix(plan, model, { vector: final, personal: kept }, alone, signal) : undefined;
  const compares = siteMetrics && plan.metrics.compareGain === true && alone !== undefined;
  const gain = compares
    ? gainLettingOut(plan, await model.gain({ vector: final, personal: kept }, alone, "alone"), [own.figures, federated.figures])
    : undefined;
  const judged = { vector: final, personal: kept, metrics: federated.figures };
  const intercept = await ownIntercept(workshop, agreed, model, judged, signal);
  const earlier = await ownEarlier(workshop, agreed, model, judged, signal);
  const shift = await ownShift(workshop, agreed, signal);
  const others = {
    ...(mix && { mix }),
    ...(intercept && { intercept }),
    ...(gain && { gain }),
    ...(earlier && { earlier }),
    ...(shift && { shift }),
  };
  const figures = { ...shown, ...others };
  // Without an update the weight says nothing; it is still one word of the vector.
  const input = { weight: 1, update: new Float32Array(0), totals: totalsOf(plan, "evaluate", tallies) };
  return { input, figures, seconds: 0 };
}

function encoded({ ask, offered, size }: Agreed, { round, rounding }: Shaping, input: Input): Uint8Array {
  try {
    return vectorBytes(encodeInput(encodingOf(offered.plan, size, { purpose: ask.kind, round: ask.round }), round, input, rounding));
  } catch (error) {
    if (!(error instanceof EngraftError) || error.code !== "not-finite") throw error;
    const text = "Training gave values that are not finite, so nothing was sent. A lower learning rate in the plan usually helps.";
    throw new EngraftError("training-failed", text, { cause: error });
  }
}
