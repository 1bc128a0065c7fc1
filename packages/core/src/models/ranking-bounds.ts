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
