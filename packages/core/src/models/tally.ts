/**
 * What a site counts of a model on its own patients, as whole numbers that can be summed under the masks, and what their sum
 * over all sites says. Scores go into a histogram of 64 bins for each class, from which ranking figures follow between
 * bounds; losses travel as fixed-point numbers. Free of node's modules.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import type { Plan } from "./plan.ts";
import type { Bounded, PooledFigures, PooledMetrics } from "./pooled.ts";

/** Bins of equal width over [0, 1]; a score of 1 is in the last. */
export const BINS = 64;
/** Losses and scores are counted in steps of 2^-20: off by less than a half of it for each site. */
const SCALE = 2 ** 20;

/** One model on one part of one site's patients. */
export interface Tally {
  readonly patients: number;
  /** Of these, with a positive label in some row. */
  readonly positivePatients: number;
  /** Rows by bin of the predicted probability, with a positive label and without. */
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
  /** Sum of the predicted probabilities in each bin. */
  readonly scores: readonly number[];
  /** Rows predicted rightly at 0.5. */
  readonly right: number;
  /** Sum of log losses, in nats, and of squared differences. */
  readonly loss: number;
  readonly brier: number;
}

/** Whole numbers that a tally becomes. */
export const TALLY_TOTALS = 5 + 3 * BINS;

const steps = (value: number): number => Math.round(value * SCALE);

/** A site that may say nothing counts as nobody. */
export function tallyTotals(tally: Tally | null): readonly number[] {
  if (tally === null) return Array.from({ length: TALLY_TOTALS }, () => 0);
  const { patients, positivePatients, right, loss, brier, positives, negatives, scores } = tally;
  return [patients, positivePatients, right, steps(loss), steps(brier), ...positives, ...negatives, ...scores.map(steps)];
}

export type Model = keyof PooledFigures;
type Purpose = "train" | "evaluate";

/** Which tallies a round sums, in this order. */
export const talliesOf = (plan: Plan, purpose: Purpose): readonly Model[] =>
  purpose === "train" ? ["validation"] : ["validation", "base", "federated", ...(plan.metrics.compareAlone ? (["alone"] as const) : [])];

export const totalsLength = (plan: Plan, purpose: Purpose): number => TALLY_TOTALS * talliesOf(plan, purpose).length;

/** The totals of one site's vector. */
export const totalsOf = (plan: Plan, purpose: Purpose, tallies: Readonly<Partial<Record<Model, Tally | null>>>): readonly number[] =>
  talliesOf(plan, purpose).flatMap((model) => tallyTotals(tallies[model] ?? null));

/** What a sum's totals say. `sum-out-of-range` where no honest sites can have given them. `sites`: how many are in the sum. */
export function pooledFigures(
  plan: Plan,
  purpose: Purpose,
  totals: readonly number[],
  sites: number,
): { readonly ok: true; readonly value: PooledFigures } | Refusal {
  const figures: Record<Model, PooledMetrics | null> = { validation: null, base: null, alone: null, federated: null };
  for (const [at, model] of talliesOf(plan, purpose).entries()) {
    const read = readTotals(totals.slice(at * TALLY_TOTALS, (at + 1) * TALLY_TOTALS), sites);
    if (read === undefined) return refuse("sum-out-of-range", "The summed counts cannot come from these sites: a site sent nonsense.");
    figures[model] = read.patients < plan.metrics.minCount ? null : metricsOfTally(plan, read, sites);
  }
  return { ok: true, value: figures };
}

function readTotals(totals: readonly number[], sites: number): Tally | undefined {
  const [patients = 0, positivePatients = 0, right = 0, loss = 0, brier = 0] = totals;
  const segment = (at: number): readonly number[] => totals.slice(5 + at * BINS, 5 + (at + 1) * BINS);
  const [positives, negatives, scores] = [segment(0), segment(1), segment(2).map((sum) => sum / SCALE)];
  const rows = sum(positives) + sum(negatives);
  const slack = sites / SCALE;
  const sound =
    totals.length === TALLY_TOTALS &&
    totals.every((total) => Number.isSafeInteger(total) && total >= 0) &&
    positivePatients <= patients &&
    patients <= rows &&
    right <= rows &&
    brier / SCALE <= rows + slack &&
    scores.every((score, bin) => score <= (positives[bin] as number) + (negatives[bin] as number) + slack);
  return sound ? { patients, positivePatients, right, positives, negatives, scores, loss: loss / SCALE, brier: brier / SCALE } : undefined;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function metricsOfTally(plan: Plan, tally: Tally, sites: number): PooledMetrics {
  const { patients, positivePatients, positives, negatives, scores, right, loss, brier } = tally;
  const rows = sum(positives) + sum(negatives);
  const error = sites / 2 / SCALE / Math.max(1, rows);
  const about = (value: number, by: number): Bounded => ({ value, low: Math.max(0, value - by), high: value + by });
  const all: Record<string, Bounded | null> = {
    auroc: aurocOf(positives, negatives),
    auprc: auprcOf(positives, negatives),
    accuracy: rows === 0 ? null : about(right / rows, 0),
    loss: rows === 0 ? null : about(loss / rows, error),
    brier: rows === 0 ? null : about(brier / rows, error),
  };
  return {
    n: patients,
    positives: positivePatients,
    values: Object.fromEntries(plan.metrics.names.map((name) => [name, all[name] ?? null])),
    calibration: positives.flatMap((positive, bin) => {
      const count = positive + (negatives[bin] as number);
      return count === 0 ? [] : [{ count, positives: positive, meanScore: Math.min(1, (scores[bin] as number) / count) }];
    }),
  };
}

/** Pairs in different bins are ordered for certain, pairs in one bin may be ordered either way or tied. */
function aurocOf(positives: readonly number[], negatives: readonly number[]): Bounded | null {
  const pairs = sum(positives) * sum(negatives);
  if (pairs === 0) return null;
  let below = 0;
  let above = 0;
  let together = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const [p, n] = [positives[bin] as number, negatives[bin] as number];
    above += p * below;
    together += p * n;
    below += n;
  }
  return { low: above / pairs, value: (above + together / 2) / pairs, high: (above + together) / pairs };
}

/**
 * Average precision. At a positive of a bin the precision is least where all negatives of the bin rank above it, and never
 * more than with all the bin's positives and none of its negatives.
 */
function auprcOf(positives: readonly number[], negatives: readonly number[]): Bounded | null {
  const total = sum(positives);
  if (total === 0 || sum(negatives) === 0) return null;
  let [p0, n0, low, value, high] = [0, 0, 0, 0, 0];
  for (let bin = BINS - 1; bin >= 0; bin--) {
    const [p, n] = [positives[bin] as number, negatives[bin] as number];
    for (let k = 1; k <= p; k++) low += (p0 + k) / (p0 + k + n0 + n);
    if (p > 0) {
      value += (p * (p0 + p)) / (p0 + p + n0 + n);
      high += (p * (p0 + p)) / (p0 + p + n0);
    }
    p0 += p;
    n0 += n;
  }
  return { low: low / total, value: value / total, high: high / total };
}
