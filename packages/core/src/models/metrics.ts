/** Figures that a site reports about its own held-out patients. */
import * as z from "zod";
import { MetricName } from "./plan.ts";
import { SiteShift } from "./summary/shift.ts";

/** A figure with its 95 % confidence interval (bootstrap over the site's patients). */
export const Estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.infer<typeof Estimate>;

export const SiteMetrics = z.strictObject({
  /** Patients counted. */
  n: z.int().min(0).max(100_000_000),
  /** Of these, with a yes or an event; null where a class is too small to be named, and for a label without yes and no. */
  positives: z.int().min(0).max(100_000_000).nullable(),
  /** Null where the metric is undefined (one class only) or below the plan's minimum count. */
  values: z.partialRecord(MetricName, Estimate.nullable()),
  /** For each yes/no label the score, in 64ths, from which a prediction counts as a yes in the figures at a threshold (engine, evaluate/thresholds.ts). */
  thresholds: z.array(z.number().min(0).max(1)).min(1).max(64).exactOptional(),
  /** Rows by true class, then by predicted class; where every true class that occurs has the plan's minimum count of patients. */
  confusion: z
    .array(z.array(z.int().min(0).max(100_000_000)).max(64))
    .min(3)
    .max(64)
    .exactOptional(),
});
export type SiteMetrics = z.infer<typeof SiteMetrics>;

/** Of a model between the site's own and the federation's, and how much of it is the site's own: chosen on validation patients. */
export const OwnMix = z.strictObject({ weight: z.number().min(0).max(1), metrics: SiteMetrics });
export type OwnMix = z.infer<typeof OwnMix>;

/**
 * By metric, how much better the federated model is than another one, on the same test patients; positive is better, whichever
 * way the metric goes. Only of metrics of which more, or less, is better all the way.
 */
export const SiteGain = z.partialRecord(MetricName, Estimate.nullable());
export type SiteGain = z.infer<typeof SiteGain>;

/** Of an earlier model that the plan names, and of the run's own over it (`over`), both on the same test patients. */
export const EarlierFigures = z.strictObject({ metrics: SiteMetrics, over: SiteGain });
export type EarlierFigures = z.infer<typeof EarlierFigures>;

/** Figures of a site's own patients; all null where its steward lets none out. */
export const SiteFigures = z.strictObject({
  validation: SiteMetrics.nullable(),
  base: SiteMetrics.nullable(),
  alone: SiteMetrics.nullable(),
  federated: SiteMetrics.nullable(),
  mix: OwnMix.nullable().optional(),
  /** Of the federation's model with an intercept of the site's own; where the plan asks for it, as below. */
  intercept: SiteMetrics.nullable().optional(),
  /** Over the model that was trained alone. */
  gain: SiteGain.nullable().optional(),
  earlier: EarlierFigures.nullable().optional(),
  /** Where the plan compares with a summary. */
  shift: SiteShift.nullable().optional(),
});
export type SiteFigures = z.infer<typeof SiteFigures>;
