/** Which figures of a site may be taken. */
import { enoughOfEach } from "../models/confusion.ts";
import type { OwnMix, SiteMetrics } from "../models/metrics.ts";
import type { Plan } from "../models/plan.ts";

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
