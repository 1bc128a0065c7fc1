/** How many sites may lie and how many must stand together. Free of node's modules, so that the dashboard shows the same numbers. */

/**
 * How many sites, of them how many are assumed to lie with the coordinator (or to have been restored from an old copy),
 * how many must stand together to open a sum, and how many inputs a sum must have at least.
 */
export interface Numbers {
  readonly sites: number;
  readonly liars: number;
  readonly threshold: number;
  readonly minCohort: number;
}

/** Fewer hide nothing in one another. */
export const MIN_SITES = 3;
/** Up to here every site shares with every other; a larger federation needs a neighbour graph, which is not built. */
export const MAX_SITES = 100;

/**
 * From the directory's size alone, never from a roster: c = max(1, ceil(D/3) - 1), t = floor((D + c)/2) + 1. So 2t > D + c,
 * which leaves no room for two survivor sets, and 2(t - c) > D - c, which leaves none for two sums in one round.
 */
export function numbersOf(sites: number, minCohort = 0): Numbers {
  const liars = Math.max(1, Math.ceil(sites / 3) - 1);
  const threshold = Math.floor((sites + liars) / 2) + 1;
  return { sites, liars, threshold, minCohort: Math.max(threshold, minCohort) };
}
