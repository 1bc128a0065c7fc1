/** A number counted: sums over rows, of truth and prediction as shares of the label's range, so that all lie from 0 to 1. */
import type { RegressionLabel } from "../labels.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";
import { between, MAX_ROWS, named, SCALE, steps, whole, type Asked } from "./counting.ts";

export interface RegressionTally {
  readonly kind: "regression";
  readonly patients: number;
  readonly rows: number;
  readonly absolute: number;
  readonly squares: number;
  readonly truth: number;
  readonly truthSquares: number;
  readonly said: number;
  readonly saidSquares: number;
  readonly both: number;
}

export const REGRESSION_TOTALS = 9;

export const regressionTotals = (tally: RegressionTally): readonly number[] => [
  tally.patients,
  tally.rows,
  ...[tally.absolute, tally.squares, tally.truth, tally.truthSquares, tally.said, tally.saidSquares, tally.both].map(steps),
];

export function readRegression(totals: readonly number[], sites: number): RegressionTally | undefined {
  if (!whole(totals, REGRESSION_TOTALS)) return undefined;
  const [patients = 0, rows = 0, ...scaled] = totals;
  const [absolute = 0, squares = 0, truth = 0, truthSquares = 0, said = 0, saidSquares = 0, both = 0] = scaled.map(
    (total) => total / SCALE,
  );
  const fits =
    rows <= sites * MAX_ROWS &&
    patients <= rows &&
    patients > 0 === rows > 0 &&
    between(absolute, 0, rows, sites) &&
    // Of values from 0 to 1 the square is the smaller; of any, the mean of squares is at least the square of the mean.
    between(squares, absolute ** 2 / Math.max(1, rows), absolute, 3 * sites) &&
    between(truthSquares, truth ** 2 / Math.max(1, rows), truth, 3 * sites) &&
    between(saidSquares, said ** 2 / Math.max(1, rows), said, 3 * sites) &&
    between(truth, 0, rows, sites) &&
    between(said, 0, rows, sites) &&
    between(squares, truthSquares - 2 * both + saidSquares, truthSquares - 2 * both + saidSquares, 5 * sites);
  return fits ? { kind: "regression", patients, rows, absolute, squares, truth, truthSquares, said, saidSquares, both } : undefined;
}

type Interval = readonly [low: number, high: number];

const minus = (a: Interval, b: Interval): Interval => [a[0] - b[1], a[1] - b[0]];

const times = (a: Interval, b: Interval): Interval => {
  const products = a.flatMap((x) => b.map((y) => x * y));
  return [Math.min(...products), Math.max(...products)];
};

const per = (a: Interval, b: Interval): Interval => times(a, [1 / b[1], 1 / b[0]]);

/** The middle, between bounds. */
const bounded = (value: number, [low, high]: Interval): Bounded => ({ value, low: Math.min(low, value), high: Math.max(high, value) });

/** As engine, evaluate/regression.ts defines them, between what rounding at each site leaves open. Null where nothing varies by more than that. */
export function regressionFigures(tally: RegressionTally, label: RegressionLabel, asked: Asked): PooledMetrics {
  const { patients, rows, absolute, squares } = tally;
  const off = asked.sites / 2 / SCALE;
  const width = label.max - label.min;
  const around = (total: number): Interval => [total - off - 1e-12 * total, total + off + 1e-12 * total];
  const mean = (of: Interval): Interval => [Math.max(0, of[0] / rows), of[1] / rows];
  const scaled = (of: Interval, by: number): Interval => [of[0] * by, of[1] * by];
  const square = mean(around(squares));
  const line = lineOf(tally, around);
  const spread = spreadOf(around(tally.truthSquares), around(tally.truth), rows);
  const r2 = spread[0] > 0 ? minus([1, 1], per(around(squares), spread)) : null;
  const spreadValue = tally.truthSquares - tally.truth ** 2 / rows;
  return {
    n: patients,
    positives: null,
    values: named(asked, {
      mae: bounded((width * absolute) / rows, scaled(mean(around(absolute)), width)),
      rmse: bounded(width * Math.sqrt(squares / rows), [width * Math.sqrt(square[0]), width * Math.sqrt(square[1])]),
      loss: bounded((4 * squares) / rows, scaled(square, 4)),
      r2: r2 === null ? null : bounded(1 - squares / spreadValue, r2),
      "calibration-slope": line === null ? null : bounded(line.slope, line.slopeWithin),
      "calibration-intercept":
        line === null
          ? null
          : bounded(
              label.min * (1 - line.slope) + width * line.intercept,
              // min (1 - slope) + width intercept, with the range taken out again.
              sumOf(times([label.min, label.min], minus([1, 1], line.slopeWithin)), scaled(line.interceptWithin, width)),
            ),
    }),
    calibration: [],
  };
}

const sumOf = (a: Interval, b: Interval): Interval => [a[0] + b[0], a[1] + b[1]];

const spreadOf = (squares: Interval, total: Interval, rows: number): Interval =>
  minus(squares, times(times(total, total), [1 / rows, 1 / rows]));

/** truth = intercept + slope prediction, in shares of the range. */
function lineOf({ rows, truth, said, saidSquares, both }: RegressionTally, around: (total: number) => Interval) {
  const [truths, saids] = [around(truth), around(said)];
  const each: Interval = [1 / rows, 1 / rows];
  const spread = spreadOf(around(saidSquares), saids, rows);
  if (!(spread[0] > 0)) return null;
  const slope = (both - (truth * said) / rows) / (saidSquares - said ** 2 / rows);
  const slopeWithin = per(minus(around(both), times(times(truths, saids), each)), spread);
  const interceptWithin = minus(times(truths, each), times(slopeWithin, times(saids, each)));
  return { slope, slopeWithin, intercept: (truth - slope * said) / rows, interceptWithin };
}
