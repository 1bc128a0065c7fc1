/**
 * The next head from the sums of all sites: one step of Newton's method on the penalised likelihood, in inputs that are standardised
 * over the federation. The head that comes out takes the inputs as they are: standardisation is in its weights.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import type { Analytic } from "../models/analytic.ts";
import { solveInPlace } from "./cholesky.ts";
import type { Statistics } from "./statistics.ts";

/**
 * A step changes logits by at most this much (root of the mean square, weighted by the curvature). From a head of zeros none comes
 * near it; it keeps a step from where almost all probabilities are 0 or 1 from leaping.
 */
const LARGEST_STEP = 4;

interface Standard {
  readonly mean: Float64Array;
  /** 0 for an input that is the same in all samples: its weight stays as it is. */
  readonly sd: Float64Array;
}

function standardOf({ samples, sums, squares, roundedBy }: Statistics): Standard {
  const mean = sums.map((sum) => sum / samples);
  const sd = squares.map((square, index) => {
    const centre = mean[index] as number;
    const variance = square / samples - centre * centre;
    const unknown = (16 * roundedBy * (1 + 2 * Math.abs(centre))) / samples + 1e-12 * centre * centre;
    return variance > unknown ? Math.sqrt(variance) : 0;
  });
  return { mean, sd };
}

/** Gradient and curvature by the weights of standardised inputs; those of constant inputs are left out of both. */
function standardised({ gradient, curvature }: Statistics, { mean, sd }: Standard): { gradient: Float64Array; curvature: Float64Array } {
  const inputs = sd.length;
  const last = (inputs * (inputs + 1)) / 2;
  const slope = Float64Array.from(gradient);
  const matrix = new Float64Array(curvature.length);
  const whole = curvature[last + inputs] as number;
  let at = 0;
  for (let i = 0; i < inputs; i++, at += i) {
    const [scale, centre, edge] = [sd[i] as number, mean[i] as number, curvature[last + i] as number];
    slope[i] = scale === 0 ? 0 : ((gradient[i] as number) - centre * (gradient[inputs] as number)) / scale;
    for (let j = 0; j <= i; j++) {
      const other = sd[j] as number;
      if (scale === 0 || other === 0) continue;
      const centred =
        (curvature[at + j] as number) - centre * (curvature[last + j] as number) - (mean[j] as number) * (edge - centre * whole);
      matrix[at + j] = centred / (scale * other);
    }
    matrix[last + i] = scale === 0 ? 0 : (edge - centre * whole) / scale;
  }
  matrix[last + inputs] = whole;
  return { gradient: slope, curvature: matrix };
}

/** x^T A x for a lower triangle. */
function quadratic(lower: Float64Array, x: Float64Array): number {
  let sum = 0;
  let at = 0;
  for (let i = 0; i < x.length; i++) {
    let across = 0;
    for (let j = 0; j < i; j++) across += (lower[at + j] as number) * (x[j] as number);
    sum += (x[i] as number) * (2 * across + (lower[at + i] as number) * (x[i] as number));
    at += i + 1;
  }
  return sum;
}

/**
 * The head after one step: weights and, last, the intercept. `head` is what the sums were made at. `sum-out-of-range` where the sums
 * are of no likelihood, which no honest sites' are.
 */
export function nextHead(
  statistics: Statistics,
  head: Float32Array,
  analytic: Analytic,
): { readonly ok: true; readonly value: Float32Array } | Refusal {
  const inputs = head.length - 1;
  const standard = standardOf(statistics);
  const { mean, sd } = standard;
  // Least squares is the first step with a curvature of 1/4; its residuals count double and its weights a quarter.
  const penalty = analytic.method === "ridge" ? analytic.penalty / 4 : analytic.penalty;
  const { gradient, curvature } = standardised(statistics, standard);
  const system = Float64Array.from(curvature);
  const step = new Float64Array(inputs + 1);
  for (let i = 0, diagonal = 0; i <= inputs; i++, diagonal += i + 1) {
    const scale = i < inputs ? (sd[i] as number) : 1;
    // The intercept has no penalty. What is added to it keeps a curvature of nearly nothing solvable, and moves no optimum.
    system[diagonal] = (system[diagonal] as number) + (i === inputs ? 1e-10 * statistics.samples : penalty);
    step[i] = -(gradient[i] as number) - (i < inputs && scale > 0 ? penalty * scale * (head[i] as number) : 0);
  }
  if (!solveInPlace(system, step)) return refuse("sum-out-of-range", "The summed statistics are of no likelihood: a site sent nonsense.");
  const whole = curvature.at(-1) as number;
  // Without an intercept, as for hazards, nothing says how far all samples together are from certain: then each counts whole.
  const weight = whole > 0 ? whole : statistics.samples;
  const change = Math.sqrt(Math.max(0, quadratic(curvature, step)) / weight);
  const factor = Math.min(1, LARGEST_STEP / change);
  const next = Float64Array.from(head);
  for (let i = 0; i <= inputs; i++) {
    if (i < inputs && sd[i] === 0) continue;
    const moved = (factor * (step[i] as number)) / (i < inputs ? (sd[i] as number) : 1);
    next[i] = (next[i] as number) + moved;
    if (i < inputs) next[inputs] = (next[inputs] as number) - moved * (mean[i] as number);
  }
  return { ok: true, value: Float32Array.from(next) };
}
