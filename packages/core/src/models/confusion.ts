/** What rows counted by true and by predicted class say. */

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const mean = (values: readonly number[]): number | null => (values.length === 0 ? null : sum(values) / values.length);

/**
 * `counts` row-major, true class by predicted class. Null where nothing is counted.
 * - accuracy, and balanced-accuracy: the mean over classes that occur of the share of their rows that is right.
 * - macro-f1: the mean of 2 TP / (2 TP + FP + FN) over classes that occur or are predicted.
 * - weighted-kappa: Cohen 1968, with the squared distance of the classes as weight. Null where all is one class.
 */
export function figuresOfConfusion(counts: ArrayLike<number>, classes: number) {
  const indices = Array.from({ length: classes }, (_, index) => index);
  const at = (truth: number, said: number): number => counts[truth * classes + said] as number;
  const truths = indices.map((index) => sum(indices.map((said) => at(index, said))));
  const saids = indices.map((index) => sum(indices.map((truth) => at(truth, index))));
  const all = sum(truths);
  const right = indices.map((index) => at(index, index));
  let [observed, expected] = [0, 0];
  for (const truth of indices) {
    for (const said of indices) {
      const weight = (truth - said) ** 2;
      observed += weight * at(truth, said);
      expected += weight * ((truths[truth] as number) / Math.max(1, all)) * (saids[said] as number);
    }
  }
  const share = (index: number, of: number): number => (right[index] as number) / of;
  const occurring = indices.filter((index) => (truths[index] as number) > 0);
  const named = indices.filter((index) => (truths[index] as number) + (saids[index] as number) > 0);
  return {
    accuracy: all === 0 ? null : sum(right) / all,
    "balanced-accuracy": mean(occurring.map((index) => share(index, truths[index] as number))),
    "macro-f1": mean(named.map((index) => 2 * share(index, (truths[index] as number) + (saids[index] as number)))),
    "weighted-kappa": expected === 0 ? null : 1 - observed / expected,
  };
}

/** M1: rows by true and predicted class are told only where each true class that occurs has at least so many. */
export const enoughOfEach = (confusion: readonly (readonly number[])[], minCount: number): boolean =>
  confusion.every((row) => sum(row) === 0 || sum(row) >= minCount);
