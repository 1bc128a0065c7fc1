/**
 * Krum and multi-Krum (Blanchard et al. 2017, "Machine learning with adversaries"): the updates that lie closest to as many others
 * as there are honest ones. Of n sites with f liars an update's score is the sum of the squared distances to its n - f - 2 nearest.
 */

/** Squared distances of all pairs, row by row; zeros for no values yet. */
export const noDistances = (sites: number): Float64Array => new Float64Array(sites * sites);

/** Adds what one slice of every site's update makes of the distances. */
export function addDistances(distances: Float64Array, slices: readonly Float32Array[]): void {
  for (const [one, a] of slices.entries()) {
    for (let other = one + 1; other < slices.length; other++) {
      const b = slices[other] as Float32Array;
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
      for (const at of [one * slices.length + other, other * slices.length + one]) distances[at] = (distances[at] as number) + sum;
    }
  }
}

/** Which updates are averaged, ascending: the `keep` with the lowest scores, of equal ones the first. */
export function krumChoice(distances: Float64Array, liars: number, keep: number): readonly number[] {
  const sites = Math.sqrt(distances.length);
  const scores = Array.from({ length: sites }, (_, site) => {
    const others = distances.slice(site * sites, (site + 1) * sites).filter((_, other) => other !== site);
    return others
      .sort()
      .subarray(0, Math.max(1, sites - liars - 2))
      .reduce((sum, distance) => sum + distance, 0);
  });
  return [...scores.keys()]
    .sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b)
    .slice(0, keep)
    .sort((a, b) => a - b);
}
