/**
 * Two areas under the ROC curve on the same samples, compared by the placement of each sample among those of the other class (DeLong, DeLong
 * and Clarke-Pearson 1988), which sorting gives without looking at each pair (Sun and Xu 2014). A patient with several samples is one
 * cluster (Obuchowski 1997); with one sample each that is DeLong's own variance.
 */
import type { Estimate } from "@engraft/core/models/metrics";

/** Two-sided 95 % of the normal distribution. */
const Z95 = 1.959963984540054;

/** Scores and labels (0 or 1) by row, and which patient each row is of: 0, 1, ... */
interface Paired {
  readonly first: ArrayLike<number>;
  readonly second: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly patients: ArrayLike<number>;
}

/** The first's area less the second's with its 95 % interval. Null with fewer than two patients of either class. */
export function aurocDifference({ first, second, y, patients }: Paired): Estimate | null {
  const [one, other] = [placements(first, y), placements(second, y)];
  const difference = one.map((placement, row) => placement - (other[row] as number));
  const rows: readonly number[] = Array.from(difference.keys());
  const of = (label: number): readonly number[] => rows.filter((row) => y[row] === label);
  const [yes, no] = [of(1), of(0)];
  const value = mean(yes.map((row) => difference[row] as number));
  const sums = [yes, no].map((some) => sumsByPatient(some, patients, (row) => (difference[row] as number) - value));
  const [ofYes, ofNo] = sums as [ReadonlyMap<number, number>, ReadonlyMap<number, number>];
  if (ofYes.size < 2 || ofNo.size < 2) return null;
  const all = new Set(Array.from(patients)).size;
  const together = [...ofYes].reduce((sum, [patient, own]) => sum + own * (ofNo.get(patient) ?? 0), 0);
  const variance =
    squares(ofYes) / yes.length ** 2 + squares(ofNo) / no.length ** 2 + (2 * together * (all / (all - 1))) / (yes.length * no.length);
  const half = Z95 * Math.sqrt(Math.max(0, variance));
  return { value, low: value - half, high: value + half };
}

/** For a yes the share of noes below it, for a no the share of yesses above it; equal scores count half. */
function placements(scores: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  const yesses = order.filter((row) => y[row] === 1).length;
  const noes = order.length - yesses;
  const placed = new Float64Array(order.length);
  let [yesBelow, noBelow] = [0, 0];
  for (let at = 0; at < order.length;) {
    let end = at;
    while (end < order.length && scores[order[end] as number] === scores[order[at] as number]) end++;
    const tied = order.subarray(at, end);
    const yes = tied.filter((row) => y[row] === 1).length;
    const no = tied.length - yes;
    for (const row of tied) placed[row] = y[row] === 1 ? (noBelow + no / 2) / noes : (yesses - yesBelow - yes / 2) / yesses;
    [yesBelow, noBelow, at] = [yesBelow + yes, noBelow + no, end];
  }
  return placed;
}

function sumsByPatient(rows: readonly number[], patients: ArrayLike<number>, of: (row: number) => number): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const row of rows) sums.set(patients[row] as number, (sums.get(patients[row] as number) ?? 0) + of(row));
  return sums;
}

/** Of one class's clusters, with the factor that makes their variance unbiased. */
const squares = (sums: ReadonlyMap<number, number>): number =>
  ([...sums.values()].reduce((sum, value) => sum + value * value, 0) * sums.size) / (sums.size - 1);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
