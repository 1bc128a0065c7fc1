/**
 * What a site sums over its training samples in an analytic round. With x an input of the head, 1 behind it, and p the probability
 * that the head gives: the number of samples, sums of x and of its squares, the gradient sum of (p - y) x, and the curvature
 * sum of p (1 - p) x x^T. For a head of zeros that is least squares on the label, up to a factor.
 */
import { assert, EngraftError, refuse, type Refusal } from "../base/errors.ts";
import { binaryPlaces, statisticsLength, type Analytic } from "../models/analytic.ts";

/** Samples whose inputs are known: rows x width, row-major, with labels of 0 or 1. */
export interface HeadSamples {
  readonly rows: number;
  readonly width: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** What standardises the inputs. It does not depend on the head, so it is summed in a run's first analytic round alone. */
export interface Moments {
  readonly samples: number;
  /** Sums of each input and of its square. */
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

export interface Statistics extends Moments {
  /** Of the loss by the weights and, last, the intercept. */
  readonly gradient: Float64Array;
  /** Lower triangle, row by row, in the same order. */
  readonly curvature: Float64Array;
  /** What rounding can have moved each sum by. */
  readonly roundedBy: number;
}

const noStatistics = (inputs: number): Statistics => ({
  samples: 0,
  sums: new Float64Array(inputs),
  squares: new Float64Array(inputs),
  gradient: new Float64Array(inputs + 1),
  curvature: new Float64Array(((inputs + 1) * (inputs + 2)) / 2),
  roundedBy: 0,
});

/** One sample's part. In a function of its own, so that it is compiled as a whole: it is all the time that a round takes. */
function addSample(to: Statistics, x: Float64Array, slope: number, weight: number): void {
  const { gradient, curvature } = to;
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    gradient[i] = (gradient[i] as number) + slope * value;
    const weighted = weight * value;
    // Inputs behind a ReLU are often zero.
    if (weighted !== 0) for (let j = 0; j <= i; j++) curvature[at + j] = (curvature[at + j] as number) + weighted * (x[j] as number);
    at += i + 1;
  }
}

/** `head`: weights and, last, the intercept. Inputs beyond `bound` count as the bound. */
export function statisticsOf({ rows, width, x, y }: HeadSamples, head: Float32Array, bound: number): Statistics {
  assert(head.length === width + 1, "the head takes another number of inputs");
  const into = noStatistics(width);
  const sample = new Float64Array(width + 1).fill(1);
  for (let row = 0; row < rows; row++) {
    let logit = head[width] as number;
    for (let i = 0; i < width; i++) {
      const value = Math.min(bound, Math.max(-bound, x[row * width + i] as number));
      if (Number.isNaN(value)) throw new EngraftError("not-finite", "An input of the head is no finite number.");
      sample[i] = value;
      logit += value * (head[i] as number);
      into.sums[i] = (into.sums[i] as number) + value;
      into.squares[i] = (into.squares[i] as number) + value * value;
    }
    const p = 1 / (1 + Math.exp(-logit));
    addSample(into, sample, p - (y[row] as number), p * (1 - p));
  }
  return { ...into, samples: rows };
}

/**
 * As whole numbers, to be summed under the masks: the samples as they are, the rest in steps of 2^-`binaryPlaces`, each off by half a
 * step at most. Without `moments` zeros take their places: from the difference of two rounds' sums nobody is to read the moments of a
 * site that was in one of them. Throws `count-out-of-range` where a site has more samples than the plan's weight cap.
 */
export function statisticsTotals(
  statistics: Statistics,
  analytic: Analytic,
  { sites, cap, moments }: { readonly sites: number; readonly cap: number; readonly moments: boolean },
): readonly number[] {
  const { samples, sums, squares, gradient, curvature } = statistics;
  if (samples < 1 || samples > cap)
    throw new EngraftError(
      "count-out-of-range",
      "This site has no training samples, or more than the plan's weight cap: its sums would not fit. The plan needs another cap.",
    );
  const scale = 2 ** binaryPlaces(analytic, sites, cap);
  const totals = [moments ? samples : 0];
  for (const part of [sums, squares]) for (const value of part) totals.push(moments ? Math.round(value * scale) : 0);
  for (const part of [gradient, curvature]) for (const value of part) totals.push(Math.round(value * scale));
  return totals;
}

/** Of which vectors a sum is: sites of the directory, the plan's weight cap, how many are in it, and what was summed. */
export interface Summed {
  readonly sites: number;
  readonly cap: number;
  readonly count: number;
  readonly of?: "logistic" | "hazards" | undefined;
  /** Of the run's first analytic round; absent in that round, whose sum brings them. */
  readonly moments?: Moments | undefined;
}

/** What summed totals say. `sum-out-of-range` where no honest sites can have given them. */
export function readStatistics(
  totals: readonly number[],
  inputs: number,
  analytic: Analytic,
  { sites, cap, count, of = "logistic", moments }: Summed,
): { readonly ok: true; readonly value: Statistics } | Refusal {
  const nonsense = refuse("sum-out-of-range", "The summed statistics cannot come from these sites: a site sent nonsense.");
  if (totals.length !== statisticsLength(inputs)) return nonsense;
  const step = 2 ** -binaryPlaces(analytic, sites, cap);
  const samples = totals[0] as number;
  const fits =
    moments === undefined
      ? Number.isSafeInteger(samples) && samples >= count
      : totals.slice(0, 1 + 2 * inputs).every((total) => total === 0);
  if (!fits || samples > count * cap) return nonsense;
  let at = 1;
  const take = (length: number): Float64Array => Float64Array.from(totals.slice(at, (at += length)), (total) => total * step);
  const value: Statistics = {
    samples,
    sums: take(inputs),
    squares: take(inputs),
    gradient: take(inputs + 1),
    curvature: take(((inputs + 1) * (inputs + 2)) / 2),
    roundedBy: (count * step) / 2,
  };
  if (moments !== undefined) {
    // Of other sites, perhaps: what holds of any is that none has more samples than the cap.
    const most = new Float64Array(inputs).fill(count * cap * analytic.bound ** 2);
    const possibly = possible({ ...value, samples: count * cap, squares: most }, analytic.bound, of);
    return possibly ? { ok: true, value: { ...value, samples: moments.samples, sums: moments.sums, squares: moments.squares } } : nonsense;
  }
  return possible(value, analytic.bound, of) ? { ok: true, value } : nonsense;
}

/** Each sum lies where so many samples within the bound can put it. */
function possible(
  { samples, sums, squares, gradient, curvature, roundedBy }: Statistics,
  bound: number,
  of: "logistic" | "hazards",
): boolean {
  const most = Math.max(1, bound);
  const slack = 2 * roundedBy;
  const within = (value: number, limit: number): boolean => Math.abs(value) <= limit * (1 + 1e-9) + slack;
  // A probability's p (1 - p) is at most a quarter, and errors at most 1; an event is compared with all who are at risk, over twice the bound.
  const [error, part] = of === "logistic" ? [1, 1 / 4] : [2, 1];
  const largest = (index: number): number => (of === "logistic" ? (squares[index] as number) / 4 : samples * bound ** 2);
  return (
    squares.every(
      (value, index) =>
        value >= -slack && within(value, samples * bound ** 2) && within((sums[index] as number) ** 2 / samples, value + slack * most),
    ) &&
    gradient.every((value) => within(value, error * samples * most)) &&
    sums.every((_, index) => {
      const own = curvature[(index * (index + 3)) / 2] as number;
      return own >= -slack && within(own, largest(index));
    }) &&
    curvature.every((value) => within(value, part * samples * most ** 2))
  );
}
