/**
 * A yes/no label counted: scores go into a histogram of 64 bins for each class, from which ranking figures follow between bounds.
 *
 * A few sites' sum shows cells that hold a single patient, so cells are no finer than a figure needs: what is summed beside
 * the histogram is summed over all rows, and scores over an eighth of their range.
 */
import type { MetricName } from "../metric-names.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";
import { aurocWithin, averagePrecisionWithin } from "../ranking-bounds.ts";
import {
  between,
  BINS,
  EIGHTHS,
  exact,
  lower,
  MAX_ROWS,
  meanWithin,
  named,
  SCALE,
  steps,
  sum,
  SURE,
  upper,
  whole,
  type Asked,
} from "./counting.ts";
import { decisionCurve, type Step } from "./decision.ts";

/** One model on one part of one site's patients. Rows are counted, as the site's own metrics count them. */
export interface YesNoTally {
  readonly kind?: undefined;
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
export const YES_NO_TOTALS = 4 + 2 * BINS + EIGHTHS;

export function yesNoTotals({ patients, positivePatients, loss, brier, positives, negatives, scores }: YesNoTally): readonly number[] {
  return [patients, positivePatients, steps(loss), steps(brier), ...positives, ...negatives, ...scores.map(steps)];
}

/** A sum's tally, where counts, histograms and sums go together; else undefined. */
export function readYesNo(totals: readonly number[], sites: number): YesNoTally | undefined {
  if (!whole(totals, YES_NO_TOTALS)) return undefined;
  const [patients, positivePatients, loss, brier] = totals as [number, number, number, number];
  const tally: YesNoTally = {
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

/** The part of a histogram that lies in an eighth. */
const partIn = (eighth: number, counts: readonly number[]): readonly number[] =>
  counts.slice((BINS / EIGHTHS) * eighth, (BINS / EIGHTHS) * (eighth + 1));

/** Whether the sums can come from rows in these bins. */
function sumsFit({ positives, negatives, scores, loss, brier }: YesNoTally, sites: number): boolean {
  const over = (counts: readonly number[], of: (bin: number) => number): number => sum(counts.map((count, bin) => count * of(bin)));
  const rows = positives.map((count, bin) => count + (negatives[bin] as number));
  // A negative label is off by as much as a positive one is in the mirrored bin.
  const mirrored = positives.map((count, bin) => count + (negatives[BINS - 1 - bin] as number));
  return (
    between(
      loss,
      over(mirrored, (bin) => -Math.log(upper(bin))),
      over(mirrored, (bin) => -Math.log(Math.max(SURE, lower(bin)))),
      sites,
    ) &&
    between(
      brier,
      over(mirrored, (bin) => (1 - upper(bin)) ** 2),
      over(mirrored, (bin) => (1 - lower(bin)) ** 2),
      sites,
    ) &&
    scores.every((score, eighth) => {
      const first = (BINS / EIGHTHS) * eighth;
      const part = partIn(eighth, rows);
      return between(
        score,
        over(part, (at) => lower(first + at)),
        over(part, (at) => upper(first + at)),
        sites,
      );
    })
  );
}

export function yesNoFigures(tally: YesNoTally, asked: Asked): PooledMetrics {
  const steps = calibrationSteps(tally, asked.minCount);
  const decision = decisionCurve(steps);
  return {
    n: tally.patients,
    positives: tally.positivePatients,
    values: named(asked, yesNoValues(tally, asked.sites, asked.yesFrom?.[0])),
    calibration: steps.map(({ count, positives, score }) => ({ count, positives, meanScore: Math.min(1, score / count) })),
    ...(decision.length === 0 ? {} : { decision }),
  };
}

/** Every figure there is; those at a threshold where it is given. */
export function yesNoValues(tally: YesNoTally, sites: number, yesFrom?: number): Readonly<Partial<Record<MetricName, Bounded | null>>> {
  const { positives, negatives, loss, brier } = tally;
  const rows = sum(positives) + sum(negatives);
  if (rows === 0) return {};
  return {
    auroc: aurocWithin(positives, negatives),
    auprc: averagePrecisionWithin(positives, negatives),
    accuracy: exact((sum(positives.slice(BINS / 2)) + sum(negatives.slice(0, BINS / 2))) / rows),
    loss: meanWithin(loss, rows, sites),
    brier: meanWithin(brier, rows, sites),
    ece: calibrationError(tally, rows, sites),
    ...(yesFrom === undefined ? {} : fromBin(tally, yesFrom)),
  };
}

/** Of the eighths' counts and sums: each sum is off by half a step for each site. */
function calibrationError({ positives, scores }: YesNoTally, rows: number, sites: number): Bounded {
  const off = sum(scores.map((score, eighth) => Math.abs(score - sum(partIn(eighth, positives)))));
  const by = (EIGHTHS * sites) / 2 / SCALE + rows * Number.EPSILON;
  return { value: off / rows, low: Math.max(0, (off - by) / rows), high: (off + by) / rows };
}

function fromBin({ positives, negatives }: YesNoTally, bin: number): Readonly<Partial<Record<MetricName, Bounded | null>>> {
  const [tp, fn] = [sum(positives.slice(bin)), sum(positives.slice(0, bin))];
  const [fp, tn] = [sum(negatives.slice(bin)), sum(negatives.slice(0, bin))];
  const share = (part: number, of: number): Bounded | null => exact(of === 0 ? null : part / of);
  return {
    sensitivity: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    ppv: share(tp, tp + fp),
    npv: share(tn, tn + fn),
    f1: share(2 * tp, 2 * tp + fp + fn),
  };
}

interface ScoredStep extends Step {
  /** Sum of the predicted probabilities. */
  readonly score: number;
}

/** Eighths from below, each joined with the next until it holds `minCount` rows; what is left over joins the last. */
function calibrationSteps({ positives, negatives, scores }: YesNoTally, minCount: number): readonly ScoredStep[] {
  const bins: ScoredStep[] = [];
  let [count, positive, score] = [0, 0, 0];
  for (const [eighth, total] of scores.entries()) {
    const here = sum(partIn(eighth, positives));
    [count, positive, score] = [count + here + sum(partIn(eighth, negatives)), positive + here, score + total];
    const last = bins.at(-1);
    const until = (eighth + 1) / EIGHTHS;
    if (count >= minCount) bins.push({ count, positives: positive, score, until });
    else if (eighth === EIGHTHS - 1 && last !== undefined) {
      bins[bins.length - 1] = { count: last.count + count, positives: last.positives + positive, score: last.score + score, until };
    } else continue;
    [count, positive, score] = [0, 0, 0];
  }
  return bins;
}
