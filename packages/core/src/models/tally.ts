/**
 * What a site counts of a model on its own patients, as whole numbers that can be summed under the masks, and what their sum
 * over all sites says. Scores go into a histogram of 64 bins for each class, from which ranking figures follow between
 * bounds; sums of losses and scores travel as fixed-point numbers. Free of node's modules.
 *
 * A few sites' sum shows cells that hold a single patient, so cells are no finer than a figure needs: what is summed beside
 * the histogram is summed over all rows, and scores over an eighth of their range.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import type { MetricName, Plan } from "./plan.ts";
import type { Bounded, PooledFigures, PooledMetrics } from "./pooled.ts";
import { aurocWithin, averagePrecisionWithin } from "./ranking-bounds.ts";

/** Bins of equal width over [0, 1]; a score of 1 is in the last. */
export const BINS = 64;
/** Eighths of [0, 1], for the calibration curve. */
export const EIGHTHS = 8;
/** Sums of losses, squared differences and scores are counted in steps of 2^-20: off by at most half of it for each site. */
const SCALE = 2 ** 20;
/** A probability this close to 0 or 1 is taken as this in the log loss: a float32 output cannot be told apart from it. */
export const SURE = 1e-7;
/** Rows of one site; no honest one has more. */
const MAX_ROWS = 100_000_000;

/** One model on one part of one site's patients. Rows are counted, as the site's own metrics count them. */
export interface Tally {
  readonly patients: number;
  /** Of these, with a positive label in some row. */
  readonly positivePatients: number;
  /** Rows by bin of the predicted probability, with a positive label and without. */
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
  /** Sum of the predicted probabilities in each eighth. */
  readonly scores: readonly number[];
  /** Sum over rows of the log loss, in nats. */
  readonly loss: number;
  /** Sum over rows of the squared difference of probability and label. */
  readonly brier: number;
}

/** Whole numbers that a tally becomes. */
export const TALLY_TOTALS = 4 + 2 * BINS + EIGHTHS;

export const binOf = (score: number): number => Math.min(BINS - 1, Math.floor(score * BINS));

const steps = (value: number): number => Math.round(value * SCALE);

/** A site that may say nothing counts as nobody. */
export function tallyTotals(tally: Tally | null): readonly number[] {
  if (tally === null) return Array.from({ length: TALLY_TOTALS }, () => 0);
  const { patients, positivePatients, loss, brier, positives, negatives, scores } = tally;
  return [patients, positivePatients, steps(loss), steps(brier), ...positives, ...negatives, ...scores.map(steps)];
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
  const models = talliesOf(plan, purpose);
  const reads = models.map((_, at) => readTotals(totals.slice(at * TALLY_TOTALS, (at + 1) * TALLY_TOTALS), sites));
  for (const [at, model] of models.entries()) {
    const tally = reads[at];
    if (tally === undefined || totals.length !== totalsLength(plan, purpose)) {
      return refuse("sum-out-of-range", "The summed counts cannot come from these sites: a site sent nonsense.");
    }
    figures[model] = tally.patients < plan.metrics.minCount ? null : metricsOfTally(plan, tally, sites);
  }
  return { ok: true, value: figures };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A sum's tally, where counts, histograms and sums go together; else undefined. */
function readTotals(totals: readonly number[], sites: number): Tally | undefined {
  if (totals.length !== TALLY_TOTALS || !totals.every((total) => Number.isSafeInteger(total) && total >= 0)) return undefined;
  const [patients, positivePatients, loss, brier] = totals as [number, number, number, number];
  const tally: Tally = {
    patients,
    positivePatients,
    positives: totals.slice(4, 4 + BINS),
    negatives: totals.slice(4 + BINS, 4 + 2 * BINS),
    scores: totals.slice(4 + 2 * BINS).map((total) => total / SCALE),
    loss: loss / SCALE,
    brier: brier / SCALE,
  };
  const [positiveRows, rows] = [sum(tally.positives), sum(tally.positives) + sum(tally.negatives)];
  const counted =
    rows <= sites * MAX_ROWS &&
    patients <= rows &&
    patients > 0 === rows > 0 &&
    positivePatients <= Math.min(patients, positiveRows) &&
    positivePatients > 0 === positiveRows > 0;
  return counted && sumsFit(tally, sites) ? tally : undefined;
}

/** The edges of a bin. */
const lower = (bin: number): number => bin / BINS;
const upper = (bin: number): number => (bin + 1) / BINS;

/** The part of a histogram that lies in an eighth. */
const partIn = (eighth: number, counts: readonly number[]): readonly number[] =>
  counts.slice((BINS / EIGHTHS) * eighth, (BINS / EIGHTHS) * (eighth + 1));

/** Whether the sums can come from rows in these bins. */
function sumsFit({ positives, negatives, scores, loss, brier }: Tally, sites: number): boolean {
  const between = (value: number, least: number, most: number): boolean => {
    const slack = sites / SCALE + 1e-9 * most;
    return least - slack <= value && value <= most + slack;
  };
  const over = (counts: readonly number[], of: (bin: number) => number): number => sum(counts.map((count, bin) => count * of(bin)));
  const rows = positives.map((count, bin) => count + (negatives[bin] as number));
  // A negative label is off by as much as a positive one is in the mirrored bin.
  const mirrored = positives.map((count, bin) => count + (negatives[BINS - 1 - bin] as number));
  return (
    between(
      loss,
      over(mirrored, (bin) => -Math.log(upper(bin))),
      over(mirrored, (bin) => -Math.log(Math.max(SURE, lower(bin)))),
    ) &&
    between(
      brier,
      over(mirrored, (bin) => (1 - upper(bin)) ** 2),
      over(mirrored, (bin) => (1 - lower(bin)) ** 2),
    ) &&
    scores.every((score, eighth) => {
      const first = (BINS / EIGHTHS) * eighth;
      const part = partIn(eighth, rows);
      return between(
        score,
        over(part, (at) => lower(first + at)),
        over(part, (at) => upper(first + at)),
      );
    })
  );
}

function metricsOfTally(plan: Plan, tally: Tally, sites: number): PooledMetrics {
  const { patients, positivePatients, positives, negatives, loss, brier } = tally;
  const rows = sum(positives) + sum(negatives);
  const right = sum(positives.slice(BINS / 2)) + sum(negatives.slice(0, BINS / 2));
  const mean = (total: number): Bounded => {
    // Each site rounds once; each row's addition is off by the last bit of a double.
    const by = sites / 2 / SCALE / rows + total * Number.EPSILON;
    return { value: total / rows, low: Math.max(0, total / rows - by), high: total / rows + by };
  };
  const all: Record<MetricName, Bounded | null> = {
    auroc: aurocWithin(positives, negatives),
    auprc: averagePrecisionWithin(positives, negatives),
    accuracy: { value: right / rows, low: right / rows, high: right / rows },
    loss: mean(loss),
    brier: mean(brier),
  };
  return {
    n: patients,
    positives: positivePatients,
    values: Object.fromEntries(plan.metrics.names.map((name) => [name, all[name]])),
    calibration: calibrationOf(tally, plan.metrics.minCount),
  };
}

/** Eighths from below, each joined with the next until it holds `minCount` rows; what is left over joins the last. */
function calibrationOf({ positives, negatives, scores }: Tally, minCount: number): PooledMetrics["calibration"] {
  const bins: { count: number; positives: number; score: number }[] = [];
  let [count, positive, score] = [0, 0, 0];
  for (const [eighth, total] of scores.entries()) {
    const here = sum(partIn(eighth, positives));
    [count, positive, score] = [count + here + sum(partIn(eighth, negatives)), positive + here, score + total];
    const last = bins.at(-1);
    if (count >= minCount) bins.push({ count, positives: positive, score });
    else if (eighth === EIGHTHS - 1 && last !== undefined) {
      bins[bins.length - 1] = { count: last.count + count, positives: last.positives + positive, score: last.score + score };
    } else continue;
    [count, positive, score] = [0, 0, 0];
  }
  return bins.map((bin) => ({ count: bin.count, positives: bin.positives, meanScore: Math.min(1, bin.score / bin.count) }));
}
