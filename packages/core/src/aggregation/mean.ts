/**
 * FedAvg's mean (McMahan et al. 2017, algorithm 1), in slices: sites are added in byte order of their names and in
 * float64, so that the result does not depend on the order of arrival and no vector is ever whole in memory.
 */

/** accumulator[i] += share * values[i]. Both have the same length. */
export function addScaled(accumulator: Float64Array, values: Float32Array, share: number): void {
  for (let i = 0; i < values.length; i++) accumulator[i] = (accumulator[i] as number) + share * (values[i] as number);
}

/** The next checkpoint: float32(previous + mean update). Writes into `previous`. */
export function applyMean(previous: Float32Array, meanUpdate: Float64Array): void {
  for (let i = 0; i < previous.length; i++) previous[i] = (previous[i] as number) + (meanUpdate[i] as number);
}

/** What has been seen of a vector so far: whether every value is finite, and the sum of squares. */
export interface Measure {
  readonly finite: boolean;
  readonly sumOfSquares: number;
}

export const NOTHING_MEASURED: Measure = { finite: true, sumOfSquares: 0 };

/** Adds a slice to a measure. NaN and infinities show in the sum of squares, so one pass serves both. */
export function measureSlice(so: Measure, values: Float32Array): Measure {
  let sum = 0;
  let finite = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // A float32 squared cannot overflow a float64, so only a non-finite input makes this NaN or infinite.
    if (value - value !== 0) finite = false;
    sum += value * value;
  }
  return { finite: so.finite && finite, sumOfSquares: so.sumOfSquares + sum };
}

/** Scales an update down to an L2 norm of at most `clip`; returns the norm it had. Writes into `update`. */
export function clipTo(update: Float32Array, clip: number): number {
  const norm = Math.sqrt(measureSlice(NOTHING_MEASURED, update).sumOfSquares);
  if (norm > clip) {
    const factor = clip / norm;
    for (let i = 0; i < update.length; i++) update[i] = (update[i] as number) * factor;
  }
  return norm;
}
