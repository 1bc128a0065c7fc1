/** Two models that each site has judged on the same test patients, because the plan of one of them named the other. */
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { Estimate } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { SiteDifference } from "./release-metrics.ts";

export type Compared = Pick<ReleaseView, "run" | "checkpoint" | "comparedWith" | "comparisons">;

/** Of one site; `n` test patients. */
export interface PairedDifference extends SiteDifference {
  readonly n: number;
}

/** What a site worked out of both; undefined where it has not, or neither plan asked for it. */
export type PairedAt = (site: string, metric: MetricName) => PairedDifference | undefined;

/** Undefined where neither plan names the other's model. */
export function pairOf(first: Compared, second: Compared): { readonly run: string; readonly at: PairedAt } | undefined {
  if (isNamedBy(first, second)) return { run: second.run, at: judgedIn(second) };
  if (!isNamedBy(second, first)) return undefined;
  const other = judgedIn(first);
  return {
    run: first.run,
    at: (site, metric) => {
      const found = other(site, metric);
      if (found === undefined) return undefined;
      const { gain } = found;
      const turned = gain && { value: -gain.value, low: -gain.high, high: -gain.low };
      return { first: found.second, second: found.first, gain: turned, n: found.n };
    },
  };
}

const isNamedBy = ({ checkpoint }: Compared, { comparedWith }: Compared): boolean => comparedWith?.checkpoint === checkpoint.digest;

const judgedIn =
  ({ comparisons }: Compared): PairedAt =>
  (site, metric) => {
    const found = comparisons.find((one) => one.site === site);
    if (found?.earlier === undefined || found.earlier === null) return undefined;
    const { metrics, over } = found.earlier;
    return {
      first: metrics.values[metric] ?? null,
      second: found.federated?.values[metric] ?? null,
      gain: over[metric] ?? null,
      n: metrics.n,
    };
  };

/** Two-sided 95 % of the normal distribution. */
const Z95 = 1.959963984540054;

export interface PooledDifference extends Estimate {
  /** Two-sided, of no difference; null where nothing varies. */
  readonly p: number | null;
}

/**
 * The sites' differences, weighted by their patients, with a 95 % interval: a fixed effect over these sites, which says nothing of others.
 * Patients as weights, not inverse variances: a small site whose models both order its patients perfectly has a variance of zero.
 * A site's standard error is read off its interval. Null without a site.
 */
export function pooledDifference(sites: readonly Pick<PairedDifference, "gain" | "n">[]): PooledDifference | null {
  const counted = sites.flatMap(({ gain, n }) => (gain === null ? [] : [{ ...gain, n }]));
  const patients = counted.reduce((sum, { n }) => sum + n, 0);
  if (patients === 0) return null;
  const value = counted.reduce((sum, one) => sum + one.n * one.value, 0) / patients;
  const error = Math.hypot(...counted.map(({ low, high, n }) => (n * (high - low)) / (2 * Z95))) / patients;
  return { value, low: value - Z95 * error, high: value + Z95 * error, p: error === 0 ? null : twoSided(value / error) };
}

/** Of a standard normal; the error function by Abramowitz and Stegun, 7.1.26, right to 1.5e-7. */
function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.min(1, series * Math.exp(-x * x));
}

export const pText = (p: number): string => (p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`);
