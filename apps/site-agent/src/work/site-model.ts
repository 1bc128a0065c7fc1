/** What the agent needs from an engine. The real one is `@engraft/engine/site-model`; benchmarks and tests pass their own. */
import type { Statistics } from "@engraft/core/aggregation/statistics";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Tally } from "@engraft/core/models/tally";
import type { SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import type { TableDeclaration } from "@engraft/engine/data/declaration";
import type { SiteSplit } from "@engraft/engine/data/kept-cuts";
import type { Backend } from "@engraft/engine/train/trainer";
import type { CachePlace } from "@engraft/engine/trunk/feature-cache";

export interface SeedParts {
  readonly run: string;
  readonly round: number;
  readonly site: string;
}

export type OnProgress = (progress: { readonly done: number; readonly total: number }) => void;

export interface Trained {
  readonly update: Float32Array;
  /** What stays here, trained; empty where the plan lets everything travel. */
  readonly personal: Float32Array;
  /** This site's control variate after the round; absent or empty where the plan's strategy has none. */
  readonly variate?: Float32Array;
  readonly sampleCount: number;
  readonly seconds: number;
}

/** The federation's model at this site. */
export interface SharedModel {
  /** As it travels; the model comes first in it. */
  readonly vector: Float32Array;
  /** What the site keeps to itself of it; undefined where it never trained any. */
  readonly personal?: Float32Array | undefined;
}

/** What this site would have without the others. */
export interface OwnModel {
  readonly vector: Float32Array;
  readonly personal: Float32Array;
}

/**
 * A base model, opened at the site with its data. Vectors are checkpoints as they travel; `personal` is the part of the model that
 * stays, the base's own values where it is not given; `variate` this site's own control variate, zeros where it is not given.
 */
export interface SiteModel {
  /** Engine and backend, for example "tfjs wasm". */
  readonly engine: string;
  /** `update` is what travels; the model keeps no reference to it. Rejects with the signal's reason when aborted. */
  train(
    start: Float32Array,
    seed: SeedParts,
    onProgress: OnProgress,
    signal: AbortSignal,
    personal?: Float32Array,
    variate?: Float32Array,
  ): Promise<Trained>;
  /** Sums over the training samples for an analytic round, at the head that ends `start` or at one of zeros. */
  statistics(start: Float32Array, fromZero: boolean, personal?: Float32Array): Promise<Statistics>;
  /** After training from the base as much as `rounds` rounds would, on this site's data only. */
  trainAlone(rounds: number, onProgress: OnProgress, signal: AbortSignal): Promise<OwnModel>;
  /** Null where there are too few patients to say anything. */
  evaluate(vector: Float32Array, part: "validation" | "test", personal?: Float32Array): Promise<SiteMetrics | null>;
  /** How much better the first model is than the second on the same test patients, by metric. Null likewise. */
  gain(first: SharedModel, second: SharedModel, over: "alone" | "earlier"): Promise<SiteGain | null>;
  /** The federation's model with an intercept of the site's own, fitted on its training patients: its shift, which stays, and its figures. Null likewise. */
  ownIntercept(
    vector: Float32Array,
    personal?: Float32Array,
  ): Promise<{ readonly shift: Float64Array; readonly metrics: SiteMetrics } | null>;
  /** Counts of the predictions, to be summed with other sites'. Null likewise. */
  tally(vector: Float32Array, part: "validation" | "test", personal?: Float32Array): Promise<Tally | null>;
  close(): Promise<void>;
}

export interface ModelInput {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  /** The ONNX file of a base that has a trunk. */
  readonly trunk: Uint8Array | undefined;
  readonly plan: Plan;
  readonly table: TableDeclaration;
  /** For plans that split patients by a key of the site's own. */
  readonly site: SiteSplit;
  /** Where the features of its frozen part are kept between runs. */
  readonly featureCache: CachePlace | undefined;
  /** Engines, tried in this order. */
  readonly backends: readonly Backend[];
}

/** `onProgress`: pictures that went through the trunk. */
export type OpenSiteModel = (input: ModelInput, onProgress: OnProgress, signal: AbortSignal) => Promise<SiteModel>;
