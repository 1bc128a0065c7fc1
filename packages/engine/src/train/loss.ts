/**
 * Losses of logits and their gradients, in plain JavaScript: a few numbers for each sample, whatever engine made them. Every loss is a
 * mean over the rows of a batch unless it says otherwise.
 */

/** Weights of the classes no and yes. */
export type ClassWeights = readonly [number, number];

export type Loss =
  /** Cross-entropy of yes/no labels; targets 0, 1, or NaN where it is not known, which counts nothing. `weights`: for each output. */
  | { readonly kind: "sigmoid"; readonly outputs: number; readonly weights?: readonly ClassWeights[] | undefined }
  /** Cross-entropy of exclusive classes, ordered or not; target: the class's index. `weights`: for each class. */
  | { readonly kind: "softmax"; readonly outputs: number; readonly weights?: readonly number[] | undefined }
  /** Mean over rows of (z - y)^2, summed over outputs. */
  | { readonly kind: "squares"; readonly outputs: number }
  /** Negative log partial likelihood; targets time, then 1 for an event and 0 for censoring. */
  | { readonly kind: "cox"; readonly outputs: 1 };

/** Numbers in each row's target. */
export function targetsOfLoss({ kind, outputs }: Loss): number {
  if (kind === "softmax") return 1;
  return kind === "cox" ? 2 : outputs;
}

/**
 * The batch's loss, and its gradient with respect to each logit, written into `gradient`. `logits` and `gradient` are row-major
 * rows x outputs, `targets` rows x `targetsOfLoss(loss)`; there are `gradient.length / outputs` rows.
 */
export function lossAndGradient(loss: Loss, logits: ArrayLike<number>, targets: ArrayLike<number>, gradient: Float32Array): number {
  switch (loss.kind) {
    case "sigmoid":
      return sigmoidLoss(loss, logits, targets, gradient);
    case "softmax":
      return softmaxLoss(loss, logits, targets, gradient);
    case "squares":
      return squaresLoss(loss, logits, targets, gradient);
    case "cox":
      return coxLoss(logits, targets, gradient);
    default:
      return loss satisfies never;
  }
}

/** log(1 + exp(-|z|)) without overflow, plus max(z, 0) - z y. In nats. */
export const crossEntropy = (logit: number, label: number): number =>
  Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));

export const sigmoid = (logit: number): number => (logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit)));

type LossOf<K extends Loss["kind"]> = Extract<Loss, { readonly kind: K }>;

/** The weighted cross-entropies of a row's known outputs are summed, and the rows' sums averaged. */
function sigmoidLoss(
  { outputs, weights }: LossOf<"sigmoid">,
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  gradient: Float32Array,
): number {
  const rows = gradient.length / outputs;
  let sum = 0;
  for (let at = 0; at < gradient.length; at++) {
    const [z, y] = [logits[at] as number, targets[at] as number];
    if (Number.isNaN(y)) {
      gradient[at] = 0;
      continue;
    }
    const weight = weights?.[at % outputs]?.[y === 1 ? 1 : 0] ?? 1;
    sum += weight * crossEntropy(z, y);
    gradient[at] = (weight * (sigmoid(z) - y)) / rows;
  }
  return sum / rows;
}

/** log of the sum of exp(values), of which `largest` is the largest: nothing overflows. */
function logSumExp(values: ArrayLike<number>, from: number, to: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; at++) largest = Math.max(largest, values[at] as number);
  let sum = 0;
  for (let at = from; at < to; at++) sum += Math.exp((values[at] as number) - largest);
  return largest + Math.log(sum);
}

/** Probabilities of the classes of one row of logits, into `into`. */
export function softmax(logits: ArrayLike<number>, row: number, outputs: number, into: Float64Array): void {
  const from = row * outputs;
  const all = logSumExp(logits, from, from + outputs);
  for (let at = from; at < from + outputs; at++) into[at] = Math.exp((logits[at] as number) - all);
}

/** Weighted cross-entropy: log sum exp(z) - z[y], times the weight of class y; the sum is divided by the number of rows. */
function softmaxLoss(
  { outputs, weights }: LossOf<"softmax">,
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  gradient: Float32Array,
): number {
  const rows = gradient.length / outputs;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const from = row * outputs;
    const truth = targets[row] as number;
    const weight = weights?.[truth] ?? 1;
    const all = logSumExp(logits, from, from + outputs);
    sum += weight * (all - (logits[from + truth] as number));
    for (let output = 0; output < outputs; output++) {
      const probability = Math.exp((logits[from + output] as number) - all);
      gradient[from + output] = (weight * (probability - (output === truth ? 1 : 0))) / rows;
    }
  }
  return sum / rows;
}

/** No factor 1/2: the gradient is 2 (z - y) / rows. */
function squaresLoss(
  { outputs }: LossOf<"squares">,
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  gradient: Float32Array,
): number {
  const rows = gradient.length / outputs;
  let sum = 0;
  for (let at = 0; at < gradient.length; at++) {
    const off = (logits[at] as number) - (targets[at] as number);
    sum += off * off;
    gradient[at] = (2 * off) / rows;
  }
  return sum / rows;
}

const logAdd = (a: number, b: number): number => {
  const larger = Math.max(a, b);
  return larger === Number.NEGATIVE_INFINITY ? larger : larger + Math.log(Math.exp(a - larger) + Math.exp(b - larger));
};

/**
 * Cox 1972, ties by Breslow 1974: minus the sum over events i of z[i] - log(sum of exp(z[j]) over the rows j with time[j] >= time[i]),
 * within the batch, divided by its number of events; 0 where it has none. Sums are kept as logarithms, so that no risk set vanishes.
 */
function coxLoss(logits: ArrayLike<number>, targets: ArrayLike<number>, gradient: Float32Array): number {
  const rows = gradient.length;
  const time = (row: number): number => targets[2 * row] as number;
  const event = (row: number): boolean => targets[2 * row + 1] === 1;
  const order = Array.from({ length: rows }, (_, row) => row).toSorted((a, b) => time(b) - time(a));
  const events = order.filter(event).length;
  gradient.fill(0);
  if (events === 0) return 0;
  // Latest first: those at risk at each time.
  const atRisk = new Float64Array(rows);
  let [loss, all] = [0, Number.NEGATIVE_INFINITY];
  for (const tied of runsOf(order, time)) {
    for (const row of tied) all = logAdd(all, logits[row] as number);
    for (const row of tied) {
      atRisk[row] = all;
      if (event(row)) loss += all - (logits[row] as number);
    }
  }
  // Earliest first: a row is in the risk set of every event up to its own time.
  let inverse = Number.NEGATIVE_INFINITY;
  for (const tied of runsOf(order.toReversed(), time)) {
    for (const row of tied) if (event(row)) inverse = logAdd(inverse, -(atRisk[row] as number));
    for (const row of tied) gradient[row] = (Math.exp((logits[row] as number) + inverse) - (event(row) ? 1 : 0)) / events;
  }
  return loss / events;
}

/** Consecutive rows of equal time. */
function* runsOf(order: readonly number[], time: (row: number) => number): Generator<readonly number[]> {
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && time(order[to] as number) === time(order[from] as number)) to++;
    yield order.slice(from, to);
  }
}
