/** The one curve that stands for all sites: pooled over their patients where sums give it, else the mean over sites. */
import { goodness } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import { curveMean, type CurvePoint, type RunView } from "@engraft/core/rounds/view";
import { isSecure } from "./secure/pooled.ts";

export interface MainPoint {
  /** Checkpoint; 0 is the base unchanged. */
  readonly round: number;
  readonly value: number;
  /** The exact pooled figure lies between these. Null for a mean over sites. */
  readonly bounds: { readonly low: number; readonly high: number } | null;
}

/**
 * The weighted mean at a checkpoint, once every site that will report it has: a mean over the first site to answer would
 * jump. Checkpoint r is measured by the answers of round r + 1, the last one by the evaluation.
 */
function settledMean(view: RunView, point: CurvePoint, metric: MetricName): number | undefined {
  const measuring = view.rounds[point.round];
  const evaluated = view.evaluation !== null && view.comparisons.length + view.evaluation.missed.length >= view.evaluation.cohort.length;
  const settled = view.end !== null || (measuring === undefined ? evaluated : measuring.closed !== null);
  return settled ? curveMean(point, metric) : undefined;
}

export function mainCurve(view: RunView, metric: MetricName): readonly MainPoint[] {
  if (isSecure(view)) {
    return view.pooledCurve.flatMap(({ round, metrics }) => {
      const figure = metrics.values[metric] ?? null;
      return figure === null ? [] : [{ round, value: figure.value, bounds: { low: figure.low, high: figure.high } }];
    });
  }
  return view.curve.flatMap((point) => {
    const value = settledMean(view, point, metric);
    return value === undefined ? [] : [{ round: point.round, value, bounds: null }];
  });
}

/** The best point, the first of equal ones. */
export const bestOf = (points: readonly MainPoint[], metric: MetricName): MainPoint | undefined =>
  points.reduce<MainPoint | undefined>(
    (best, point) => (best === undefined || goodness(metric, point.value) > goodness(metric, best.value) ? point : best),
    undefined,
  );
