/** Exclusive classes counted: rows by true and predicted class, and for each class a histogram of its scores against the rest. */
import { figuresOfConfusion } from "../confusion.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";
import { aurocWithin } from "../ranking-bounds.ts";
import { between, BINS, exact, lower, MAX_ROWS, meanWithin, named, SCALE, steps, sum, SURE, upper, whole, type Asked } from "./counting.ts";

export interface ClassTally {
  readonly kind: "classes";
  readonly patients: number;
  /** Patients with a row of each class. */
  readonly patientsOf: readonly number[];
  /** Rows, row-major: true class by predicted class. */
  readonly confusion: readonly number[];
  /** For each class: rows by bin of the probability of that class, of rows of the class and of the others. */
  readonly positives: readonly (readonly number[])[];
  readonly negatives: readonly (readonly number[])[];
  /** Sum over rows of the log loss, in nats, and of the squared differences. */
  readonly loss: number;
  readonly brier: number;
}

export const classTotalsLength = (classes: number): number => 3 + classes + classes * classes + 2 * BINS * classes;

export const classTotals = ({ patients, patientsOf, confusion, positives, negatives, loss, brier }: ClassTally): readonly number[] => [
  patients,
  steps(loss),
  steps(brier),
  ...patientsOf,
  ...confusion,
  ...positives.flat(),
  ...negatives.flat(),
];

const cut = (values: readonly number[], parts: number): readonly (readonly number[])[] =>
  Array.from({ length: parts }, (_, at) => values.slice((at * values.length) / parts, ((at + 1) * values.length) / parts));

export function readClasses(totals: readonly number[], sites: number, classes: number): ClassTally | undefined {
  if (!whole(totals, classTotalsLength(classes))) return undefined;
  const [patients = 0, loss = 0, brier = 0, ...rest] = totals;
  const histograms = rest.slice(classes + classes * classes);
  const tally: ClassTally = {
    kind: "classes",
    patients,
    patientsOf: rest.slice(0, classes),
    confusion: rest.slice(classes, classes + classes * classes),
    positives: cut(histograms.slice(0, BINS * classes), classes),
    negatives: cut(histograms.slice(BINS * classes), classes),
    loss: loss / SCALE,
    brier: brier / SCALE,
  };
  return countsFit(tally, sites) && sumsFit(tally, sites) ? tally : undefined;
}

function countsFit({ patients, patientsOf, confusion, positives, negatives }: ClassTally, sites: number): boolean {
  const rows = sum(confusion);
  const truths = cut(confusion, patientsOf.length).map(sum);
  return (
    rows <= sites * MAX_ROWS &&
    patients <= rows &&
    patients > 0 === rows > 0 &&
    truths.every((truth, index) => {
      const having = patientsOf[index] as number;
      const histograms =
        sum(positives[index] as readonly number[]) === truth && sum(negatives[index] as readonly number[]) === rows - truth;
      return histograms && having <= Math.min(patients, truth) && having > 0 === truth > 0;
    }) &&
    sum(patientsOf) >= patients
  );
}

/** Whether the sums can come from rows whose true class has its probability in these bins. */
function sumsFit({ positives, loss, brier }: ClassTally, sites: number): boolean {
  const counts = Array.from({ length: BINS }, (_, bin) => sum(positives.map((list) => list[bin] as number)));
  const over = (of: (bin: number) => number): number => sum(counts.map((count, bin) => count * of(bin)));
  // What is missing from 1 lies with the other classes: evenly at best, with one of them at worst.
  const even = 1 + 1 / (positives.length - 1);
  const least = over((bin) => even * (1 - upper(bin)) ** 2);
  const most = over((bin) => 2 * (1 - lower(bin)) ** 2);
  return (
    between(
      loss,
      over((bin) => -Math.log(upper(bin))),
      over((bin) => -Math.log(Math.max(SURE, lower(bin)))),
      sites,
    ) && between(brier, least, most, sites)
  );
}

export function classFigures(tally: ClassTally, asked: Asked): PooledMetrics {
  const { patients, patientsOf, confusion, positives, negatives, loss, brier } = tally;
  const rows = sum(confusion);
  const figures = figuresOfConfusion(confusion, patientsOf.length);
  const shown = patientsOf.every((count) => count === 0 || count >= asked.minCount);
  return {
    n: patients,
    positives: null,
    values: named(asked, {
      accuracy: exact(figures.accuracy),
      "balanced-accuracy": exact(figures["balanced-accuracy"]),
      "macro-f1": exact(figures["macro-f1"]),
      "weighted-kappa": exact(figures["weighted-kappa"]),
      auroc: meanOf(positives.map((list, index) => aurocWithin(list, negatives[index] as readonly number[]))),
      loss: meanWithin(loss, rows, asked.sites),
      brier: meanWithin(brier, rows, asked.sites),
    }),
    calibration: [],
    ...(shown ? { confusion: cut(confusion, patientsOf.length).map((list) => [...list]) } : {}),
  };
}

/** Over the classes for which there is one. */
function meanOf(figures: readonly (Bounded | null)[]): Bounded | null {
  const found = figures.filter((figure) => figure !== null);
  if (found.length === 0) return null;
  const over = (of: (figure: Bounded) => number): number => sum(found.map(of)) / found.length;
  return { value: over(({ value }) => value), low: over(({ low }) => low), high: over(({ high }) => high) };
}
