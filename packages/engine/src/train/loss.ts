/** Sigmoid cross-entropy on logits: the loss of a yes/no label. */

/** log(1 + exp(-|z|)) without overflow, plus max(z, 0) - z y. In nats. */
export const crossEntropy = (logit: number, label: number): number =>
  Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));

export const sigmoid = (logit: number): number => (logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit)));

/** Mean loss over the batch, and its gradient with respect to each logit (written into `gradient`). */
export function lossAndGradient(logits: ArrayLike<number>, labels: ArrayLike<number>, gradient: Float32Array): number {
  const rows = gradient.length;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const [z, y] = [logits[row] as number, labels[row] as number];
    sum += crossEntropy(z, y);
    gradient[row] = (sigmoid(z) - y) / rows;
  }
  return sum / rows;
}
