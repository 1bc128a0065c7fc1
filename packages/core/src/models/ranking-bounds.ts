/** What histograms of the scores of two classes say of how well a model ranks. Free of node's modules. */
import type { Bounded } from "./pooled.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * Area under the ROC curve, ties counted half. `positives[b]` and `negatives[b]` count the samples of bin b; higher bins
 * hold higher scores. Pairs in different bins are ordered for certain, pairs in one bin either way or tied. Null where a
 * class is empty.
 */
export function aurocWithin(positives: readonly number[], negatives: readonly number[]): Bounded | null {
  const pairs = sum(positives) * sum(negatives);
  if (pairs === 0) return null;
  let below = 0;
  let above = 0;
  let together = 0;
  for (let bin = 0; bin < positives.length; bin++) {
    const [p, n] = [positives[bin] as number, negatives[bin] as number];
    above += p * below;
    together += p * n;
    below += n;
  }
  return { low: above / pairs, value: (above + together / 2) / pairs, high: (above + together) / pairs };
}

/**
 * Average precision, equal scores being one threshold. With a positives and c negatives in the bins above and n negatives
 * in its own, the precision at a bin's k-th positive is at least (a + k)/(a + k + c + n). That is concave in k, so the sum
 * over k = 1..p is at least its integral from 1/2 to p + 1/2. It is never more than with all positives of the bin and none
 * of its negatives. The value takes a bin's samples as tied. Null where a class is empty.
 */
export function averagePrecisionWithin(positives: readonly number[], negatives: readonly number[]): Bounded | null {
  const all = sum(positives);
  if (all === 0 || sum(negatives) === 0) return null;
  let [a, c, low, value, high] = [0, 0, 0, 0, 0];
  for (let bin = positives.length - 1; bin >= 0; bin--) {
    const [p, n] = [positives[bin] as number, negatives[bin] as number];
    if (p > 0) {
      low += p - (c + n) * Math.log1p(p / (a + c + n + 0.5));
      value += (p * (a + p)) / (a + p + c + n);
      high += (p * (a + p)) / (a + p + c);
    }
    a += p;
    c += n;
  }
  return { low: low / all, value: value / all, high: high / all };
}

/**
 * The bin from which on a sample is best called positive: with the largest sensitivity + specificity (Youden 1950), of equally good ones
 * that nearest to the middle. The middle where a class is empty.
 */
export function youdenBin(positives: readonly number[], negatives: readonly number[]): number {
  const [yes, no] = [sum(positives), sum(negatives)];
  const middle = positives.length / 2;
  if (yes === 0 || no === 0) return middle;
  let best = { bin: middle, value: Number.NEGATIVE_INFINITY };
  let [found, left] = [yes, 0];
  for (let bin = 1; bin < positives.length; bin++) {
    found -= positives[bin - 1] as number;
    left += negatives[bin - 1] as number;
    // Multiplied out, so that equal ones are equal to the bit.
    const value = found * no + left * yes;
    if (value > best.value || (value === best.value && Math.abs(bin - middle) < Math.abs(best.bin - middle))) best = { bin, value };
  }
  return best.bin;
}
