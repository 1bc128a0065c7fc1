import { weightedMean } from "@engraft/core/models/metric-means";
import { goodness, hasDirection, METRIC_NAMES } from "@engraft/core/models/metric-names";
import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { Comparison } from "@engraft/core/rounds/view";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";

/** The loss says least to a reader. */
const ORDER: readonly MetricName[] = [...METRIC_NAMES.filter((name) => name !== "loss"), "loss"];

/** Metrics that at least one site reports, the most telling first. */
export function metricsIn(comparisons: readonly Comparison[]): readonly MetricName[] {
  const all = comparisons.flatMap(({ base, alone, federated }) => [base, alone, federated]).filter((metrics) => metrics !== null);
  return ORDER.filter((name) => all.some((metrics) => (metrics.values[name] ?? null) !== null));
}

/** "AUROC 0.871": the first metric there is, mean over sites weighted by patients. */
export function bestMetric(comparisons: readonly Comparison[]): string | undefined {
  const [name] = metricsIn(comparisons);
  if (name === undefined) return undefined;
  const mean = meanOf(comparisons, "federated", name);
  return mean === undefined ? undefined : `${METRIC_TITLES[name]} ${metricText(mean)}`;
}

export type Arm = "base" | "alone" | "federated";

/** Of models that a site has beside the three, where its plan asks for them. */
export const OWN_ARMS = ["mix", "intercept"] as const;
export type OwnArm = (typeof OWN_ARMS)[number];

export const metricsOf = (comparison: Comparison, arm: Arm | OwnArm): SiteMetrics | null =>
  (arm === "mix" ? comparison.mix?.metrics : comparison[arm]) ?? null;

/** Mean over sites weighted by their patients; undefined where no site reports the metric. */
export const meanOf = (comparisons: readonly Comparison[], arm: Arm | OwnArm, name: MetricName): number | undefined =>
  weightedMean(
    comparisons.map((comparison) => metricsOf(comparison, arm)).filter((metrics): metrics is SiteMetrics => metrics !== null),
    name,
  );

/** Federated mean against alone mean over the sites that report both; positive where federated is better. */
export function meanGain(comparisons: readonly Comparison[], name: MetricName): number | null {
  const both = comparisons.filter((comparison) => gainOf(comparison, name) !== null);
  const federated = meanOf(both, "federated", name);
  const alone = meanOf(both, "alone", name);
  if (federated === undefined || alone === undefined) return null;
  return goodness(name, federated) - goodness(name, alone);
}

export interface Gain {
  /** Federated against alone; positive where federated is better, whichever way the metric goes. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The gain over training alone with a 95 % interval: the site's own of the two together, where its plan asks for one. Else made from the two
 * intervals as if they were independent (Zou and Donner 2008, "MOVER"); both models are tested on the same patients, so the true interval is,
 * as a rule, narrower. Null where either value is missing, and for a figure that is best at a value in between.
 */
export function gainOf(comparison: Comparison, name: MetricName): Gain | null {
  const paired = comparison.gain?.[name];
  if (paired !== undefined && paired !== null) return paired;
  return gainBetween(comparison.alone?.values[name] ?? null, comparison.federated?.values[name] ?? null, name);
}

/** Whether every gain that there is has a paired interval. */
export const isPaired = (comparisons: readonly Comparison[], name: MetricName): boolean =>
  comparisons.every((comparison) => gainOf(comparison, name) === null || (comparison.gain?.[name] ?? null) !== null);

/** Of the second figure over the first, both on the same patients. */
function gainBetween(first: Estimate | null, second: Estimate | null, name: MetricName): Gain | null {
  if (first === null || second === null || !hasDirection(name)) return null;
  const value = second.value - first.value;
  const low = value - Math.hypot(second.value - second.low, first.high - first.value);
  const high = value + Math.hypot(second.high - second.value, first.value - first.low);
  return goodness(name, 1) > 0 ? { value, low, high } : { value: -value, low: -high, high: -low };
}

/** Sites of either model, in the order of their names. */
export const sitesOf = (lists: readonly (readonly Comparison[])[]): readonly string[] =>
  [...new Set(lists.flat().map(({ site }) => site))].toSorted();

export interface SiteDifference {
  readonly first: Estimate | null;
  readonly second: Estimate | null;
  readonly gain: Gain | null;
}

/** Two federated models at one site. */
export function differenceOf(a: readonly Comparison[], b: readonly Comparison[], site: string, name: MetricName): SiteDifference {
  const [first, second] = [a, b].map((list) => list.find((one) => one.site === site)?.federated?.values[name] ?? null) as [
    Estimate | null,
    Estimate | null,
  ];
  return { first, second, gain: gainBetween(first, second, name) };
}
