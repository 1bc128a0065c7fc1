/** Figures of a predicted number. */
import { unscaled, type RegressionLabel } from "@engraft/core/models/labels";
import type { Measure } from "./bootstrap.ts";
import type { Predicted } from "./site-metrics.ts";

/**
 * - mae, rmse: mean absolute and root mean squared error, in the label's unit.
 * - r2: 1 - sum of squared errors / sum of squared differences from the mean of these patients. Null where they are all alike.
 * - calibration-slope, calibration-intercept: of the line truth = intercept + slope prediction by least squares. Null where predictions are
 *   all alike.
 * - loss: what training minimises, the mean squared error with the label's range as -1 to 1.
 * Predictions outside the label's range are taken as at its edge.
 */
export function regressionMeasure({ predictions, y, patients }: Predicted, label: RegressionLabel): Measure {
  const truths = Float64Array.from(y, (value) => unscaled(label, value));
  return (weights) => {
    const sums = { rows: 0, absolute: 0, squares: 0, truth: 0, truth2: 0, said: 0, said2: 0, both: 0 };
    // Differences from a value in the middle: their squares keep their digits.
    const middle = (label.min + label.max) / 2;
    for (let row = 0; row < truths.length; row++) {
      const weight = weights[patients[row] as number] as number;
      const [truth, said] = [(truths[row] as number) - middle, (predictions[row] as number) - middle];
      sums.rows += weight;
      sums.absolute += weight * Math.abs(truth - said);
      sums.squares += weight * (truth - said) ** 2;
      sums.truth += weight * truth;
      sums.truth2 += weight * truth * truth;
      sums.said += weight * said;
      sums.said2 += weight * said * said;
      sums.both += weight * truth * said;
    }
    return figuresOfSums(sums, label, middle);
  };
}

/** Sums over rows; of truths and predictions as differences from `middle`. */
interface RegressionSums {
  readonly rows: number;
  readonly absolute: number;
  readonly squares: number;
  readonly truth: number;
  readonly truth2: number;
  readonly said: number;
  readonly said2: number;
  readonly both: number;
}

function figuresOfSums(sums: RegressionSums, { min, max }: Pick<RegressionLabel, "min" | "max">, middle: number) {
  const { rows, absolute, squares, truth, truth2, said, said2, both } = sums;
  if (rows === 0) return {};
  const spread = truth2 - truth ** 2 / rows;
  const saidSpread = said2 - said ** 2 / rows;
  // Below this, what is left of the difference is rounding.
  const varies = (left: number, of: number): boolean => left > 1e-12 * of;
  const slope = varies(saidSpread, said2) ? (both - (truth * said) / rows) / saidSpread : null;
  return {
    mae: absolute / rows,
    rmse: Math.sqrt(squares / rows),
    r2: varies(spread, truth2) ? 1 - squares / spread : null,
    loss: ((2 / (max - min)) ** 2 * squares) / rows,
    "calibration-slope": slope,
    "calibration-intercept": slope === null ? null : truth / rows + middle - slope * (said / rows + middle),
  };
}
