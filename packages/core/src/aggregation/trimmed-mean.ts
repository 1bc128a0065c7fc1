/** Coordinate-wise trimmed mean: Yin et al. 2018, definition 2, with the share that is cut off told as a number of sites. Every site counts alike. */

/** into[i]: mean of all sites' values i without the `liars` largest and the `liars` smallest. There are more than 2 `liars` sites. */
export function trimmedMean(into: Float64Array, slices: readonly Float32Array[], liars: number): void {
  const values = new Float64Array(slices.length);
  const kept = values.subarray(liars, values.length - liars);
  for (let i = 0; i < into.length; i++) {
    for (let site = 0; site < values.length; site++) values[site] = slices[site]?.[i] as number;
    values.sort();
    into[i] = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  }
}
