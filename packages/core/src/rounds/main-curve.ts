/** The one curve that stands for all sites: pooled over their patients where sums give it, else the mean over sites. */
import { remembered } from "../base/remembered.ts";
import { goodness } from "../models/metric-names.ts";
import type { MetricName } from "../models/plan.ts";
import { curveMean, type CurvePoint, type RunView } from "./view.ts";

export interface MainPoint {
  /** Checkpoint; 0 is the base unchanged. */
  readonly round: number;
  readonly value: number;
  /** The exact pooled figure lies between these. Null for a mean over sites. */
  readonly bounds: { readonly low: number; readonly high: number } | null;
}

/** A secure round always has an attempt. */
export const isSecure = (view: RunView): boolean =>
  [...view.rounds, view.evaluationRound].some((round) => (round?.attempts.length ?? 0) > 0);

/**
 * Whether every site that will report a checkpoint has: a mean over the first site to answer would jump, and two means, before and after one
 * answer, would tell that site's figure. Checkpoint r is measured by the answers of round r + 1, the last one by the evaluation.
 */
export function isSettled(view: RunView, { round }: CurvePoint): boolean {
  const measuring = view.rounds[round];
  const evaluated = view.evaluation !== null && view.comparisons.length + view.evaluation.missed.length >= view.evaluation.cohort.length;
  return view.end !== null || (measuring === undefined ? evaluated : measuring.closed !== null);
}

/** Once for each view: a page has several readers. */
export const mainCurve = remembered((view: RunView, metric: MetricName): readonly MainPoint[] => {
  if (isSecure(view)) {
    return view.pooledCurve.flatMap(({ round, metrics }) => {
      const figure = metrics.values[metric] ?? null;
      return figure === null ? [] : [{ round, value: figure.value, bounds: { low: figure.low, high: figure.high } }];
    });
  }
  return view.curve.flatMap((point) => {
    const value = isSettled(view, point) ? curveMean(point, metric) : undefined;
    return value === undefined ? [] : [{ round: point.round, value, bounds: null }];
  });
});

/** The best point, the first of equal ones. */
export const bestOf = <P extends Pick<MainPoint, "value">>(points: readonly P[], metric: MetricName): P | undefined =>
  points.reduce<P | undefined>(
    (best, point) => (best === undefined || goodness(metric, point.value) > goodness(metric, best.value) ? point : best),
    undefined,
  );
