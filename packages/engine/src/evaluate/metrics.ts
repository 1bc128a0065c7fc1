/**
 * Metrics of a yes/no prediction, over weighted samples: the bootstrap gives each patient the number of times that it was
 * drawn, so a resample is one pass over scores that were sorted once.
 */
import { SURE } from "@engraft/core/models/tallies/counting";

/** Samples by descending score, with what each adds to the metrics: computed once, summed a thousand times. */
export interface Ranked {
  /** Predicted probability of a positive label, descending. */
  readonly scores: Float64Array;
  /** 0 or 1. */
  readonly labels: Uint8Array;
  /** Which patient. */
  readonly patients: Uint32Array;
  /** Log loss of each sample, in nats. */
  readonly losses: Float64Array;
  /** log(p / (1 - p)) of each score, taken as at least `SURE` from 0 and 1. */
  readonly logits: Float64Array;
}

export const notSure = (score: number): number => Math.min(Math.max(score, SURE), 1 - SURE);

export function rank(scores: ArrayLike<number>, labels: ArrayLike<number>, patients: ArrayLike<number>): Ranked {
  const order = Array.from({ length: scores.length }, (_, index) => index).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return {
    scores: Float64Array.from(order, (index) => scores[index] as number),
    labels: Uint8Array.from(order, (index) => labels[index] as number),
    patients: Uint32Array.from(order, (index) => patients[index] as number),
    losses: Float64Array.from(order, (index) => {
      const p = notSure(scores[index] as number);
      return labels[index] === 1 ? -Math.log(p) : -Math.log1p(-p);
    }),
    logits: Float64Array.from(order, (index) => {
      const p = notSure(scores[index] as number);
      return Math.log(p) - Math.log1p(-p);
    }),
  };
}

/**
 * All metrics, with patient p counted `weights[p]` times; null where undefined.
 * - auroc: probability that a positive scores above a negative, ties counted half (Mann-Whitney U). Null with one class only.
 * - auprc: average precision, sum over thresholds of (recall step) x precision, equal scores being one threshold. Null likewise.
 * - accuracy: share right at threshold 0.5 (0.5 itself is a yes).
 * - loss: mean -log of the probability given to the true label, in nats, probabilities clipped to [1e-7, 1 - 1e-7].
 * - brier: mean squared difference of probability and label.
 */
export function metricsOf(
  { scores, labels, patients, losses }: Ranked,
  weights: ArrayLike<number>,
): Readonly<Record<"auroc" | "auprc" | "accuracy" | "loss" | "brier", number | null>> {
  let positives = 0;
  let negatives = 0;
  let above = 0;
  let precisions = 0;
  let right = 0;
  let loss = 0;
  let brier = 0;
  for (let at = 0; at < scores.length;) {
    const score = scores[at] as number;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    for (; at < scores.length && scores[at] === score; at++) {
      const weight = weights[patients[at] as number] as number;
      if (labels[at] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
      loss += weight * (losses[at] as number);
    }
    if (tiedPositives + tiedNegatives === 0) continue;
    above += tiedNegatives * (positives + tiedPositives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    precisions += (tiedPositives * positives) / (positives + negatives);
    right += score >= 0.5 ? tiedPositives : tiedNegatives;
    brier += tiedPositives * (1 - score) * (1 - score) + tiedNegatives * score * score;
  }
  const n = positives + negatives;
  const bothClasses = positives > 0 && negatives > 0;
  return {
    auroc: bothClasses ? above / (positives * negatives) : null,
    auprc: bothClasses ? precisions / positives : null,
    accuracy: n > 0 ? right / n : null,
    loss: n > 0 ? loss / n : null,
    brier: n > 0 ? brier / n : null,
  };
}
