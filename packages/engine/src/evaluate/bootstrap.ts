/** 95 % confidence intervals by resampling patients. */
import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import { randomFrom, type Random } from "../base/random.ts";
import { metricsOf, rank, type Ranked } from "./metrics.ts";

const RESAMPLES = 1000;
/** A class with fewer patients is not counted out by name: `positives` is null then. */
const SMALLEST_NAMED_CLASS = 5;

/** For each patient, whether any of its samples is positive. */
function positivePatients(ranked: Ranked): Uint8Array {
  const positive = new Uint8Array(ranked.patients.reduce((most, patient) => Math.max(most, patient + 1), 0));
  ranked.patients.forEach((patient, index) => {
    if (ranked.labels[index] === 1) positive[patient] = 1;
  });
  return positive;
}

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
 * What a site may report about `probabilities` of its samples. `patients` numbers the patients 0, 1, ...; `n` counts
 * patients, not rows. Each estimate has the percentile interval of 1000 resamples of patients, drawn within those with a
 * positive label and those without (stratified), from a fixed seed. A metric is null where it is undefined; `positives` is
 * null where one of the classes has fewer than 5 patients.
 */
export function siteMetrics(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  patients: ArrayLike<number>,
  names: readonly MetricName[],
): SiteMetrics {
  const ranked = rank(probabilities, labels, patients);
  const positive = positivePatients(ranked);
  const groups = [1, 0].map((its) => Uint32Array.from(positive.keys()).filter((patient) => positive[patient] === its));
  const n = positive.length;
  const positives = groups[0]?.length ?? 0;
  const weights = new Uint32Array(n).fill(1);
  const observed = metricsOf(ranked, weights);

  const random = randomFrom(["bootstrap", n, positives]);
  const resampled = new Map(names.map((name) => [name, new Float64Array(RESAMPLES)]));
  for (let i = 0; i < RESAMPLES; i++) {
    draw(groups, weights, random);
    const values = metricsOf(ranked, weights);
    for (const [name, list] of resampled) list[i] = values[name] ?? Number.NaN;
  }
  const estimate = (name: MetricName): Estimate | null => {
    const value = observed[name];
    const sorted = resampled.get(name)?.sort();
    if (value === null || sorted === undefined || sorted.some(Number.isNaN)) return null;
    return { value, low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) };
  };
  return {
    n,
    positives: Math.min(positives, n - positives) < SMALLEST_NAMED_CLASS ? null : positives,
    values: Object.fromEntries(names.map((name) => [name, estimate(name)])),
  };
}
