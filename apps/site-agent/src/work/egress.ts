/** Which figures leave the site: the last look at them, whatever an engine has computed. */
import { enoughOfEach } from "@engraft/core/models/confusion";
import { MetricName, type Plan } from "@engraft/core/models/plan";
import { hasDirection } from "@engraft/core/models/metric-names";
import type { SiteGain, SiteMetrics } from "@engraft/core/models/metrics";

/**
 * M1: only the metrics that the plan names, and none where fewer patients were counted than the plan's minimum; rows by class only where
 * each class has as many.
 */
export function lettingOut(plan: Plan, metrics: SiteMetrics | null): SiteMetrics | null {
  const { names, minCount } = plan.metrics;
  if (metrics === null || metrics.n < minCount) return null;
  const values: SiteMetrics["values"] = {};
  for (const name of MetricName.options) {
    const estimate = metrics.values[name];
    if (names.includes(name) && estimate !== undefined) values[name] = estimate;
  }
  const { n, positives, thresholds, confusion } = metrics;
  return {
    n,
    positives,
    values,
    ...(thresholds === undefined || Object.keys(values).length === 0 ? {} : { thresholds }),
    ...(confusion === undefined || !enoughOfEach(confusion, minCount) ? {} : { confusion }),
  };
}

/** Likewise of the gain over another model, where the plan asks for it: beside figures of both models, which say of how many patients. */
export function gainLettingOut(plan: Plan, gain: SiteGain | null, both: readonly (SiteMetrics | null)[]): SiteGain | null {
  const { names, minCount } = plan.metrics;
  if (gain === null || both.some((metrics) => metrics === null || metrics.n < minCount)) return null;
  const out: SiteGain = {};
  for (const name of MetricName.options) {
    const estimate = gain[name];
    if (names.includes(name) && hasDirection(name) && estimate !== undefined) out[name] = estimate;
  }
  return out;
}
