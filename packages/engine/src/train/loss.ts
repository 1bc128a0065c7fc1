/** Sigmoid cross-entropy on logits: the loss of a yes/no label. */

/** log(1 + exp(-|z|)) without overflow, plus max(z, 0) - z y. In nats. */
export const crossEntropy = (logit: number, label: number): number =>
  Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));

export const sigmoid = (logit: number): number => (logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit)));

/** Weights of the classes no and yes. */
export type ClassWeights = readonly [number, number];

/** Weighted mean loss over the batch, and its gradient with respect to each logit (written into `gradient`). */
export function lossAndGradient(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  gradient: Float32Array,
  [no, yes]: ClassWeights = [1, 1],
): number {
  const rows = gradient.length;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const [z, y] = [logits[row] as number, labels[row] as number];
    const weight = y === 1 ? yes : no;
    sum += weight * crossEntropy(z, y);
    gradient[row] = (weight * (sigmoid(z) - y)) / rows;
  }
  return sum / rows;
}

/** Weights by which both classes count alike, one on average (King and Zeng 2001); all alike where a class is absent. */
export function balanced(labels: Float32Array): ClassWeights {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return [1, 1];
  return [labels.length / (2 * negatives), labels.length / (2 * positives)];
}

/** What training makes small, over the logits [batch x outputs]. Labels are row-major batch x targets. */
export type Loss =
  /** A yes/no label for each output: 0 or 1, NaN where it is not known, which counts nothing. Class weights for each output. */
  | { readonly kind: "sigmoid"; readonly outputs: number; readonly weights?: readonly ClassWeights[] | undefined }
  /** One of several classes: its index. A weight for each class. */
  | { readonly kind: "softmax"; readonly outputs: number; readonly weights?: readonly number[] | undefined }
  /** A number for each output: mean over rows of the squared differences. */
  | { readonly kind: "squares"; readonly outputs: number }
  /** Time and event (0 or 1): negative log partial likelihood within the batch, ties as Breslow 1974, divided by the number of events. */
  | { readonly kind: "cox"; readonly outputs: 1 };
