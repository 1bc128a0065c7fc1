/** Sites' own figures at one checkpoint. */
import { remembered } from "@engraft/core/base/remembered";
import type { Estimate } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { CurvePoint } from "@engraft/core/rounds/view";

export interface SitePoint extends Estimate {
  /** Checkpoint; 0 is the base unchanged. */
  readonly round: number;
  /** Validation patients behind it. */
  readonly n: number;
}

/** By site, of those that report the metric. */
export const pointsAt = remembered(({ round, sites }: CurvePoint, metric: MetricName): ReadonlyMap<string, SitePoint> => {
  const points = Object.entries(sites).flatMap(([site, { n, values }]) => {
    const estimate = values[metric] ?? null;
    return estimate === null ? [] : [[site, { round, n, ...estimate }] as const];
  });
  return new Map(points);
});
