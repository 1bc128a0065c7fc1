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

/** Larger is better for these, smaller for the others. */
export const HIGHER_IS_BETTER: Readonly<Record<MetricName, boolean>> = {
  auroc: true,
  auprc: true,
  accuracy: true,
  loss: false,
  brier: false,
};

/** Mean of one metric weighted by the patients counted; undefined where no site reports it. */
export function weightedMean(sites: readonly SiteMetrics[], metric: MetricName): number | undefined {
  let sum = 0;
  let count = 0;
  for (const site of sites) {
    const estimate = site.values[metric];
    if (estimate === null || estimate === undefined) continue;
    sum += estimate.value * site.n;
    count += site.n;
  }
  return count === 0 ? undefined : sum / count;
}
