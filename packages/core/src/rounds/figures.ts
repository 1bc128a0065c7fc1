/** Which figures of a site may be taken. */
import { enoughOfEach } from "../models/confusion.ts";
import { hasDirection } from "../models/metric-names.ts";
import type { EarlierFigures, OwnMix, SiteGain, SiteMetrics } from "../models/metrics.ts";
import type { MetricName, Plan } from "../models/plan.ts";

/** R7: only metrics that the plan names, and only from enough patients. */
export function metricsAllowed(plan: Plan, metrics: SiteMetrics | null): boolean {
  if (metrics === null) return true;
  const named = Object.keys(metrics.values).every((name) => (plan.metrics.names as readonly string[]).includes(name));
  const some = Object.values(metrics.values).some((value) => value !== null && value !== undefined);
  const { minCount } = plan.metrics;
  const classes = metrics.confusion === undefined || (metrics.n >= minCount && enoughOfEach(metrics.confusion, minCount));
  return named && classes && (!some || metrics.n >= minCount);
}

/** Likewise, and only where the plan asks for it. */
export const mixAllowed = (plan: Plan, mix: OwnMix | null | undefined): boolean =>
  mix === null || mix === undefined || (plan.metrics.compareMix === true && metricsAllowed(plan, mix.metrics));

/** Likewise. */
export const interceptAllowed = (plan: Plan, intercept: SiteMetrics | null | undefined): boolean =>
  intercept === null || intercept === undefined || (plan.metrics.compareIntercept === true && metricsAllowed(plan, intercept));

/** Likewise; it comes with the figures of both models, which say of how many patients. */
export const gainAllowed = (plan: Plan, gain: SiteGain | null | undefined, both: readonly (SiteMetrics | null)[]): boolean =>
  gain === null || gain === undefined || (plan.metrics.compareGain === true && differencesAllowed(plan, gain, both));

/** Likewise of an earlier model, beside the figures of the run's own. */
export const earlierAllowed = (plan: Plan, earlier: EarlierFigures | null | undefined, federated: SiteMetrics | null): boolean =>
  earlier === null ||
  earlier === undefined ||
  (plan.metrics.compareRelease !== undefined &&
    metricsAllowed(plan, earlier.metrics) &&
    differencesAllowed(plan, earlier.over, [earlier.metrics, federated]));

const differencesAllowed = ({ metrics }: Plan, differences: SiteGain, both: readonly (SiteMetrics | null)[]): boolean =>
  both.every((one) => one !== null && one.n >= metrics.minCount) &&
  (Object.keys(differences) as MetricName[]).every((name) => metrics.names.includes(name) && hasDirection(name));
