/** 95 % confidence intervals by resampling patients. */
import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/metric-names";
import { randomFrom, type Random } from "../base/random.ts";

const RESAMPLES = 1000;

/** Figures with patient p counted `weights[p]` times; null, or none, where undefined. */
export type Measure = (weights: ArrayLike<number>) => Readonly<Partial<Record<MetricName, number | null>>>;

/** Draws as many patients as there are in each group, with replacement; `weights[p]` is how often p was drawn. */
function draw(groups: readonly Uint32Array[], weights: Uint32Array, random: Random): void {
  weights.fill(0);
  for (const group of groups) {
    for (let i = 0; i < group.length; i++) {
      const patient = group[random.below(group.length)] as number;
      weights[patient] = (weights[patient] as number) + 1;
    }
  }
}

/** Percentile with linear interpolation between order statistics (type 7 of Hyndman & Fan 1996); `sorted` ascending. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] as number;
  return low + (at - below) * ((sorted[Math.min(below + 1, sorted.length - 1)] as number) - low);
}

/**
 * Each figure with the percentile interval of 1000 resamples of patients, drawn within each stratum, from a fixed seed. Null where the
 * figure is undefined, in the patients or in a resample. `strata` gives each patient's.
 */
export function estimates(measure: Measure, strata: readonly number[], names: readonly MetricName[]): SiteMetrics["values"] {
  const groups = [...new Set(strata)]
    .toSorted((a, b) => b - a)
    .map((stratum) => Uint32Array.from(strata.keys()).filter((patient) => strata[patient] === stratum));
  const weights = new Uint32Array(strata.length).fill(1);
  const observed = measure(weights);
  const random = randomFrom(["bootstrap", strata.length, groups[0]?.length ?? 0]);
  const resampled = new Map(names.map((name) => [name, new Float64Array(RESAMPLES)]));
  for (let i = 0; i < RESAMPLES; i++) {
    draw(groups, weights, random);
    const values = measure(weights);
    for (const [name, list] of resampled) list[i] = values[name] ?? Number.NaN;
  }
  const estimate = (name: MetricName): Estimate | null => {
    const value = observed[name] ?? null;
    const sorted = resampled.get(name)?.sort();
    if (value === null || sorted === undefined || sorted.some((each) => !Number.isFinite(each))) return null;
    return { value, low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
  };
  return Object.fromEntries(names.map((name) => [name, estimate(name)]));
}
