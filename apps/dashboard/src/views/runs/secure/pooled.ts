/** Figures of all sites' patients together, as they come out of sums. */
import { goodness, hasDirection } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import type { Bounded, PooledFigures } from "@engraft/core/models/pooled";
import type { RunView } from "@engraft/core/rounds/view";
import { metricText } from "../../../parts/figures.ts";

export { isSecure } from "@engraft/core/rounds/main-curve";

/** What the evaluation at the end says of all test patients together; null until its sum is open, and in plain. */
export const finalFigures = (view: RunView): PooledFigures | null => view.evaluationRound?.sum?.pooled ?? null;

/**
 * Federated against alone, over all sites' test patients; positive where federated is better, whichever way the metric goes.
 * The bounds hold for certain; they say nothing about chance. Null where either figure is missing.
 */
export function pooledGain({ federated, alone }: PooledFigures, metric: MetricName): Bounded | null {
  const [f, a] = [federated?.values[metric] ?? null, alone?.values[metric] ?? null];
  if (f === null || a === null || !hasDirection(metric)) return null;
  return goodness(metric, 1) > 0
    ? { value: f.value - a.value, low: f.low - a.high, high: f.high - a.low }
    : { value: a.value - f.value, low: a.low - f.high, high: a.high - f.low };
}

/** Sites that sent figures of their own patients beside the sum, as plan and steward allowed. */
export function sitesShown(view: RunView): readonly string[] {
  const shown = new Set([...view.curve.flatMap(({ sites }) => Object.keys(sites)), ...view.comparisons.map(({ site }) => site)]);
  return view.sites.filter((site) => shown.has(site));
}

/** Both bounds in the words of `range`, "0.884 to 0.897"; undefined where the figure is exact as far as it is shown. */
export function boundsText({ low, high }: Pick<Bounded, "low" | "high">, range: (low: string, high: string) => string): string | undefined {
  const [from, to] = [metricText(low), metricText(high)];
  return from === to ? undefined : range(from, to);
}
