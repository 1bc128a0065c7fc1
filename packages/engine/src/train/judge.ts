/** What a model says of a site's patients, and how good that is. */
import { EngraftError } from "@engraft/core/base/errors";
import type { SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import type { Tally } from "@engraft/core/models/tally";
import type { Samples } from "../data/samples.ts";
import type { Part } from "../data/split.ts";
import { baselineOf, type Baseline } from "../evaluate/horizon.ts";
import { pairedDifferences, releaseDifferences, siteMetrics, type Judged, type Predicted } from "../evaluate/site-metrics.ts";
import { tallyOf } from "../evaluate/tally.ts";
import { hasThresholds, thresholdsOf } from "../evaluate/thresholds.ts";
import { modelOf } from "./guidance.ts";
import { predictionsOf } from "./label-loss.ts";
import type { Loss } from "./loss.ts";
import { ownIntercept, shiftedBy } from "./own-intercept.ts";
import type { Parts } from "./parts.ts";
import { inSlices } from "./slices.ts";
import type { CompiledModel } from "./trainer.ts";

/** A model: what travels of it, and what stays. */
export interface Look {
  readonly vector: Float32Array;
  readonly personal?: Float32Array | undefined;
  /** Of each logit, by an intercept of the site's own. */
  readonly shift?: ArrayLike<number> | undefined;
}

/** The federation's model with an intercept of the site's own. */
export interface OwnIntercept {
  /** Of each output's logit. It stays at the site. */
  readonly shift: Float64Array;
  /** On test patients. */
  readonly metrics: SiteMetrics;
}

/** What a model is compared with: one that the site trained alone, or an earlier one. */
export type Other = "alone" | "earlier";

export interface Judging {
  /** Null where the part has fewer patients than the plan's minimum count. */
  evaluate(vector: Float32Array, part: Part, personal?: Float32Array): Promise<SiteMetrics | null>;
  /** How much better the first model is than the second on the same test patients; null likewise. */
  gain(first: Look, second: Look, over: Other): Promise<SiteGain | null>;
  /** Fitted on training patients; null likewise, and for a time to an event, which has no intercept. */
  ownIntercept(vector: Float32Array, personal?: Float32Array): Promise<OwnIntercept | null>;
  /** What the model says of a part's samples; null likewise. */
  predict(vector: Float32Array, part: Part, personal?: Float32Array): Promise<Predicted | null>;
  /** Counts for the figures of all sites together; null likewise. */
  tally(vector: Float32Array, part: Part, personal?: Float32Array): Promise<Tally | null>;
}

export interface Judge {
  readonly model: CompiledModel;
  readonly plan: Plan;
  readonly samples: Readonly<Record<Part, Samples>>;
  readonly parts: Parts;
  /** What the plan trains by. */
  readonly loss: Loss;
}

export function judging({ model, plan, samples, parts, loss }: Judge): Judging {
  const { names, minCount, horizon } = plan.metrics;
  const wholeOf = ({ vector, personal }: Look): Float32Array => parts.join(modelOf(plan, parts, vector), personal);
  const predicted = (look: Look, part: Part) => predict(model, plan, samples[part], wholeOf(look), look.shift);
  const baseline = async (look: Look): Promise<Baseline | undefined> => {
    const learnt = horizon === undefined ? null : await predicted(look, "train");
    return learnt === null || horizon === undefined ? undefined : baselineOf(learnt, horizon);
  };
  const judged = async (look: Look, part: Part): Promise<Judged | null> => {
    const found = await predicted(look, part);
    if (found === null) return null;
    const validation = part === "validation" || !hasThresholds(plan) ? found : await predicted(look, "validation");
    const thresholds = validation === null ? undefined : thresholdsOf(validation);
    return { predicted: found, thresholds, baseline: await baseline(look) };
  };
  const evaluated = async (look: Look, part: Part): Promise<SiteMetrics | null> => {
    const found = await judged(look, part);
    return found === null ? null : siteMetrics(found.predicted, { names, minCount, ...found });
  };
  return {
    evaluate: (vector, part, personal) => evaluated({ vector, personal }, part),
    ownIntercept: async (vector, personal) => {
      if (loss.kind === "cox") return null;
      const shift = ownIntercept(loss, await logitsOf(model, samples.train, wholeOf({ vector, personal })), samples.train.y);
      const metrics = await evaluated({ vector, personal, shift }, "test");
      return metrics === null ? null : { shift, metrics };
    },
    gain: async (first, second, over) => {
      const [one, other] = [await judged(first, "test"), await judged(second, "test")];
      if (one === null || other === null) return null;
      return over === "earlier" ? releaseDifferences(one, other, names) : pairedDifferences(one, other, names);
    },
    predict: (vector, part, personal) => predicted({ vector, personal }, part),
    tally: async (vector, part, personal) => {
      const found = await predicted({ vector, personal }, part);
      return found === null ? null : tallyOf(found, { horizon, baseline: await baseline({ vector, personal }) });
    },
  };
}

/** Null for fewer patients than the plan lets a site report of. */
async function predict(
  model: CompiledModel,
  plan: Plan,
  samples: Samples,
  vector: Float32Array,
  shift: ArrayLike<number> = [0],
): Promise<Predicted | null> {
  const patients = samples.patients.reduce((most, patient) => Math.max(most, patient + 1), 0);
  if (patients < plan.metrics.minCount) return null;
  const logits = shiftedBy(await logitsOf(model, samples, vector), shift);
  const { label } = plan.data;
  return { label, predictions: predictionsOf(label, logits), y: samples.y, patients: samples.patients };
}

async function logitsOf(model: CompiledModel, samples: Samples, vector: Float32Array): Promise<Float32Array> {
  const logits = await inSlices(samples, (x, rows) => model.logits(x, rows, vector));
  if (!logits.every(Number.isFinite)) throw new EngraftError("not-finite", "The model's predictions are no finite numbers.");
  return logits;
}
