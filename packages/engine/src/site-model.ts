/** What an agent does with a model: train it on the site's table, and see how it does. The work happens in a thread of its own. */
import type { Statistics } from "@engraft/core/aggregation/statistics";
import type { Manifest } from "@engraft/core/models/manifest";
import type { SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import type { Tally } from "@engraft/core/models/tally";
import type { Counts } from "./data/counts.ts";
import type { TableDeclaration } from "./data/declaration.ts";
import type { SiteSplit } from "./data/kept-cuts.ts";
import type { Part } from "./data/split.ts";
import type { CachePlace } from "./trunk/feature-cache.ts";
import type { Backend } from "./train/backends.ts";
import type { Look, Other, OwnIntercept } from "./train/judge.ts";
import type { AloneOutcome, RoundSeed, TrainingOutcome, TrainingProgress } from "./train/session.ts";
import { startTrainingThread } from "./train/thread.ts";

export type { AloneOutcome, RoundSeed, TrainingOutcome, TrainingProgress } from "./train/session.ts";

export interface SiteModelOptions {
  readonly manifest: Manifest;
  /** The base's safetensors file; its digest is checked. */
  readonly weights: Uint8Array;
  readonly plan: Plan;
  readonly table: TableDeclaration;
  /** The ONNX file, where the base has a trunk. */
  readonly trunk?: Uint8Array | undefined;
  /** Where the trunk's features are kept, encrypted; without one they are worked out at every opening. */
  readonly featureCache?: CachePlace | undefined;
  /** Needed where the plan's split is keyed. */
  readonly site?: SiteSplit | undefined;
  /** Tried in this order; the default is that of this machine (native/wanted.ts). */
  readonly backends?: readonly Backend[];
}

/**
 * Vectors are checkpoints as they travel. `personal`, everywhere, is the part of the model that stays at the site; without it the base's
 * own values are used. `variate` is the site's own control variate under SCAFFOLD; without it zeros are used.
 */
export interface SiteModel {
  /** Engine and backend, for example "tfjs wasm". */
  readonly engine: string;
  /** Rows and patients in each part. They stay at the site. */
  readonly counts: Readonly<Record<Part, Counts>>;
  /** Trains one round from `start`. Rejects with the signal's reason when aborted; the model can be used again. */
  train(
    start: Float32Array,
    seed: RoundSeed,
    onProgress?: (progress: TrainingProgress) => void,
    signal?: AbortSignal,
    personal?: Float32Array,
    variate?: Float32Array,
  ): Promise<TrainingOutcome>;
  /** Sums over this site's training samples for an analytic round, at the head that ends `start` or at one of zeros. */
  statistics(start: Float32Array, fromZero: boolean, personal?: Float32Array): Promise<Statistics>;
  /** Trains the base on this site's data only, as much as `rounds` rounds would. */
  trainAlone(rounds: number, onProgress?: (progress: TrainingProgress) => void, signal?: AbortSignal): Promise<AloneOutcome>;
  /** Null where the part has fewer patients than `plan.metrics.minCount`. Only the plan's metrics are computed. */
  evaluate(vector: Float32Array, part: "validation" | "test", personal?: Float32Array): Promise<SiteMetrics | null>;
  /** How much better the first model is than the second on the same test patients, by metric. Null likewise. */
  gain(first: Look, second: Look, over: Other): Promise<SiteGain | null>;
  /** With an intercept of the site's own, fitted on its training patients. Null likewise. */
  ownIntercept(vector: Float32Array, personal?: Float32Array): Promise<OwnIntercept | null>;
  /** Counts of the predictions, to be summed with other sites'. Null likewise. */
  tally(vector: Float32Array, part: "validation" | "test", personal?: Float32Array): Promise<Tally | null>;
  close(): Promise<void>;
}

/**
 * Reads the table, loads the base and chooses an engine, once for all rounds. Rejects with `data-missing`, `data-invalid`,
 * `bad-input`, `digest-mismatch` or `training-failed`.
 */
export async function openSiteModel(
  options: SiteModelOptions,
  onProgress?: (progress: TrainingProgress) => void,
  signal?: AbortSignal,
): Promise<SiteModel> {
  const thread = startTrainingThread();
  try {
    const { engine, counts } = await thread.call("open", options, { onProgress, signal });
    return {
      engine,
      counts,
      train: (start, seed, onProgress, signal, personal, variate) =>
        thread.call("train", { start, seed, personal, variate }, { onProgress, signal }),
      statistics: (start, fromZero, personal) => thread.call("statistics", { start, fromZero, personal }),
      trainAlone: (rounds, onProgress, signal) => thread.call("trainAlone", { rounds }, { onProgress, signal }),
      evaluate: (vector, part, personal) => thread.call("evaluate", { vector, part, personal }),
      gain: (first, second, over) => thread.call("gain", { first, second, over }),
      ownIntercept: (vector, personal) => thread.call("ownIntercept", { vector, personal }),
      tally: (vector, part, personal) => thread.call("tally", { vector, part, personal }),
      close: () => thread.close(),
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}
