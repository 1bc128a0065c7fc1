/** How deep a probe says to train. Free of schemas, so that a browser need not load them. */

export const DEPTHS = ["head", "last block", "all"] as const;
export type Depth = (typeof DEPTHS)[number];

/**
 * For all sites together: the depth that at least half of them would go to, the shallower of two. A site that is served by less pays
 * for deeper training with its noise; one that needs more still has its head.
 */
export function commonDepth(depths: readonly Depth[]): Depth | undefined {
  const sorted = depths.map((depth) => DEPTHS.indexOf(depth)).sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined ? undefined : DEPTHS[middle];
}
