/** Coordinate-wise median: Yin et al. 2018, "Byzantine-robust distributed learning", definition 1. Every site counts alike. */

/** into[i]: the middle of all sites' values i, or the mean of the two in the middle. */
export function median(into: Float64Array, slices: readonly Float32Array[]): void {
  const values = new Float64Array(slices.length);
  const half = Math.floor(values.length / 2);
  for (let i = 0; i < into.length; i++) {
    for (let site = 0; site < values.length; site++) values[site] = slices[site]?.[i] as number;
    values.sort();
    const upper = values[half] as number;
    into[i] = values.length % 2 === 1 ? upper : ((values[half - 1] as number) + upper) / 2;
  }
}
