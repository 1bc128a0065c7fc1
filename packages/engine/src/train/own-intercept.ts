/**
 * Recalibration in the large (Cox 1958; Steyerberg et al. 2004): a site fits a shift of each logit of the federation's model on its training
 * patients, by the plan's own loss, and nothing else. Where hospitals differ most by how often the answer is yes, that is all a site lacks.
 */
import { solveInPlace } from "@engraft/core/aggregation/cholesky";
import { lossAndGradient, sigmoid, softmax, targetsOfLoss, type Loss } from "./loss.ts";

/**
 * Before a site's patients are seen its shift is taken for normal around 0, the federation's intercept, with this standard deviation (logits).
 * Wide enough for one sick in fifty among hospitals with half; three patients who are all sick move it by less than two.
 */
const PRIOR_SD = 2;
const MOST_STEPS = 100;
const SMALLEST_STEP = 1e-7;

type Shiftable = Exclude<Loss, { readonly kind: "cox" }>;

/** For each output, by Newton's method. `logits` and `targets` as the loss takes them. Zeros without rows. */
export function ownIntercept(loss: Shiftable, logits: Float32Array, targets: Float32Array): Float64Array {
  const { outputs } = loss;
  let shift = new Float64Array(outputs);
  if (logits.length === 0) return shift;
  let at = objective(loss, logits, targets, shift);
  for (let taken = 0; taken < MOST_STEPS; taken++) {
    const step = at.gradient.map((value) => -value);
    if (!solveInPlace(curvature(loss, logits, targets, shift), step)) break;
    // The loss is convex, so some part of the step leads down.
    let [factor, moved] = [1, shift.map((value, output) => value + (step[output] as number))];
    let next = objective(loss, logits, targets, moved);
    for (; next.value > at.value && factor > SMALLEST_STEP; next = objective(loss, logits, targets, moved)) {
      factor /= 2;
      moved = shift.map((value, output) => value + factor * (step[output] as number));
    }
    if (next.value > at.value) break;
    [shift, at] = [moved, next];
    if (step.every((value) => Math.abs(value) < SMALLEST_STEP)) break;
  }
  return shift;
}

/** The logits of all rows, shifted. */
export const shiftedBy = (logits: Float32Array, shift: ArrayLike<number>): Float32Array =>
  logits.map((logit, at) => logit + (shift[at % shift.length] as number));

/** Sum of the rows' losses and the prior's, and its gradient by the shift. */
function objective(loss: Shiftable, logits: Float32Array, targets: Float32Array, shift: Float64Array) {
  const rows = logits.length / loss.outputs;
  const each = new Float32Array(logits.length);
  const mean = lossAndGradient(loss, shifted64(logits, shift), targets, each);
  const gradient = shift.map((value) => value / PRIOR_SD ** 2);
  each.forEach((value, at) => (gradient[at % loss.outputs] = (gradient[at % loss.outputs] as number) + rows * value));
  const prior = shift.reduce((sum, value) => sum + value ** 2, 0) / (2 * PRIOR_SD ** 2);
  return { value: rows * mean + prior, gradient };
}

const shifted64 = (logits: Float32Array, shift: Float64Array): Float64Array =>
  Float64Array.from(logits, (logit, at) => logit + (shift[at % shift.length] as number));

/** Its second derivatives: a lower triangle, row by row. */
function curvature(loss: Shiftable, logits: Float32Array, targets: Float32Array, shift: Float64Array): Float64Array {
  const { outputs } = loss;
  const lower = new Float64Array((outputs * (outputs + 1)) / 2);
  const add = (i: number, j: number, value: number): void => {
    const at = (i * (i + 1)) / 2 + j;
    lower[at] = (lower[at] as number) + value;
  };
  for (let output = 0; output < outputs; output++) add(output, output, 1 / PRIOR_SD ** 2);
  const z = shifted64(logits, shift);
  const probabilities = new Float64Array(z.length);
  for (let row = 0; row < z.length / outputs; row++) {
    if (loss.kind === "softmax") {
      softmax(z, row, outputs, probabilities);
      const weight = loss.weights?.[targets[row] as number] ?? 1;
      for (let i = 0; i < outputs; i++) {
        const p = probabilities[row * outputs + i] as number;
        for (let j = 0; j <= i; j++) add(i, j, weight * p * ((i === j ? 1 : 0) - (probabilities[row * outputs + j] as number)));
      }
      continue;
    }
    for (let output = 0; output < outputs; output++) {
      const y = targets[row * targetsOfLoss(loss) + output] as number;
      if (Number.isNaN(y)) continue;
      const p = sigmoid(z[row * outputs + output] as number);
      add(output, output, loss.kind === "squares" ? 2 : (loss.weights?.[output]?.[y === 1 ? 1 : 0] ?? 1) * p * (1 - p));
    }
  }
  return lower;
}
