/** What is computed from reported figures. Free of schemas, so that a page that only shows a run does not carry them. */
import type { SiteMetrics } from "./metrics.ts";
import type { MetricName } from "./metric-names.ts";

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
