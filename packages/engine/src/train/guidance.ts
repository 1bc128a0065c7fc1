/** What a plan's strategy changes of a round at the site: how each step is drawn, and what travels at the end. */
import { clipTo } from "@engraft/core/aggregation/mean";
import { correctionOf, variateChange } from "@engraft/core/aggregation/scaffold";
import type { Plan } from "@engraft/core/models/plan";
import type { TrainingState } from "./optimizer.ts";
import type { Parts } from "./parts.ts";

export type Guidance = Pick<TrainingState, "proximal" | "correction">;

export interface Travelling {
  /** The site's own control variate after the round; empty where the strategy has none. */
  readonly variate: Float32Array;
  /** What travels. */
  readonly update: Float32Array;
  /** L2 norm of the model's part of it before clipping. */
  readonly norm: number;
}

export interface Guided {
  /** The engine's vector that the round starts from. */
  readonly start: Float32Array;
  readonly guidance: Guidance;
  /** `shared`: the trained values that travel, after the round. */
  readonly travelling: (shared: Float32Array) => Travelling;
}

/** The model's own part of a checkpoint: what travels along stands behind it. */
export const modelOf = (plan: Plan, parts: Parts, checkpoint: Float32Array): Float32Array =>
  plan.strategy?.name === "scaffold" ? checkpoint.subarray(0, parts.base.shared.length) : checkpoint;

/** `variate`: the site's own control variate as it was when its part last counted; zeros where it is not given. */
export function guided(plan: Plan, parts: Parts, checkpoint: Float32Array, personal?: Float32Array, variate?: Float32Array): Guided {
  const { strategy, training, aggregation } = plan;
  const model = modelOf(plan, parts, checkpoint);
  const start = parts.join(model, personal);
  const none = new Float32Array();
  const moved = (shared: Float32Array): Float32Array => shared.map((value, i) => value - (model[i] as number));
  if (strategy?.name !== "scaffold") {
    return {
      start,
      guidance: strategy?.name === "fedprox" ? { proximal: { mu: strategy.mu, anchor: start } } : {},
      travelling: (shared) => {
        const update = moved(shared);
        return { update, norm: clipTo(update, training.clip), variate: none };
      },
    };
  }
  const variates = { server: checkpoint.subarray(model.length), own: variate ?? new Float32Array(model.length) };
  // The plan's checks hold: plain steps, equally many at each site.
  const reach = training.amount.count * training.optimizer.learningRate;
  const largest = aggregation.method === "secure" ? aggregation.coordinateClip : training.clip;
  return {
    start,
    guidance: { correction: parts.join(correctionOf(variates, reach), new Float32Array(parts.base.personal.length)) },
    travelling: (shared) => {
      const way = moved(shared);
      const change = variateChange(variates, way, training.clip, largest);
      const norm = clipTo(way, training.clip);
      const update = new Float32Array(2 * way.length);
      update.set(way);
      update.set(change, way.length);
      return { update, norm, variate: variates.own.map((value, i) => value + (change[i] as number)) };
    },
  };
}
