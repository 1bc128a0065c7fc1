/** Figures that a site reports about its own held-out patients. */
import * as z from "zod";
import { MetricName } from "./plan.ts";

/** A figure with its 95 % confidence interval (bootstrap over the site's patients). */
export const Estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.infer<typeof Estimate>;

export const SiteMetrics = z.strictObject({
  /** Patients counted. */
  n: z.int().min(0).max(100_000_000),
  /** Of these, with a positive label; null where a class is too small to be named. */
  positives: z.int().min(0).max(100_000_000).nullable(),
  /** Null where the metric is undefined (one class only) or below the plan's minimum count. */
  values: z.partialRecord(MetricName, Estimate.nullable()),
});
export type SiteMetrics = z.infer<typeof SiteMetrics>;

/** Of a model between the site's own and the federation's, and how much of it is the site's own: chosen on validation patients. */
export const OwnMix = z.strictObject({ weight: z.number().min(0).max(1), metrics: SiteMetrics });
export type OwnMix = z.infer<typeof OwnMix>;
