/** Figures of exclusive classes, ordered or not. */
import { figuresOfConfusion } from "@engraft/core/models/confusion";
import type { Measure } from "./bootstrap.ts";
import { metricsOf, notSure, rank } from "./metrics.ts";
import type { Predicted } from "./site-metrics.ts";

/** The class with the largest probability, the first of equal ones. */
export function likeliest(predictions: ArrayLike<number>, row: number, classes: number): number {
  let best = 0;
  for (let index = 1; index < classes; index++) {
    if ((predictions[row * classes + index] as number) > (predictions[row * classes + best] as number)) best = index;
  }
  return best;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * What core's models/confusion.ts has, and:
 * - auroc: each class against the rest, the mean over classes that occur and do not fill everything (Provost and Domingos 2000).
 * - loss: mean -log of the true class's probability, in nats, clipped at 1e-7. brier: mean over rows of the sum over classes of the squared
 *   difference of probability and truth (Brier 1950), 0 to 2.
 */
export function classMeasure({ predictions, y, patients }: Predicted, classes: number, ordered: boolean): Measure {
  const rows = Array.from(patients, (_, row) => row);
  const cells = rows.map((row) => (y[row] as number) * classes + likeliest(predictions, row, classes));
  const losses = rows.map((row) => -Math.log(notSure(predictions[row * classes + (y[row] as number)] as number)));
  const squares = rows.map((row) => {
    let total = 0;
    for (let index = 0; index < classes; index++)
      total += ((predictions[row * classes + index] as number) - (y[row] === index ? 1 : 0)) ** 2;
    return total;
  });
  const ranked = Array.from({ length: classes }, (_, index) =>
    rank(
      rows.map((row) => predictions[row * classes + index] as number),
      rows.map((row) => (y[row] === index ? 1 : 0)),
      patients,
    ),
  );
  return (weights) => {
    const counts = new Float64Array(classes * classes);
    let [all, loss, brier] = [0, 0, 0];
    for (const row of rows) {
      const weight = weights[patients[row] as number] as number;
      counts[cells[row] as number] = (counts[cells[row] as number] as number) + weight;
      all += weight;
      loss += weight * (losses[row] as number);
      brier += weight * (squares[row] as number);
    }
    const { "weighted-kappa": kappa, ...figures } = figuresOfConfusion(counts, classes);
    return {
      ...figures,
      ...(ordered ? { "weighted-kappa": kappa } : {}),
      auroc: mean(ranked.map((each) => metricsOf(each, weights).auroc).filter((value) => value !== null)),
      loss: all === 0 ? null : loss / all,
      brier: all === 0 ? null : brier / all,
    };
  };
}

/** Rows by true class and predicted class; null where a class that occurs has fewer than `minCount` patients. */
export function confusionOf({ predictions, y, patients }: Predicted, classes: number, minCount: number): number[][] | null {
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  const having = Array.from({ length: classes }, () => new Set<number>());
  for (let row = 0; row < patients.length; row++) {
    const [truth, said] = [y[row] as number, likeliest(predictions, row, classes)];
    const cells = counts[truth] as number[];
    cells[said] = (cells[said] as number) + 1;
    having[truth]?.add(patients[row] as number);
  }
  return having.some(({ size }) => size > 0 && size < minCount) ? null : counts;
}
