/** Quantiles out of a histogram: each lies in a range whose width is the error's bound. */
import type { Quantile, SummaryCell } from "./table.ts";

export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** The edges of a cell of a number (settings.ts); null: open. */
export const lowerEdge = (edges: readonly number[], cell: number): number | null => (cell <= 1 ? null : (edges[cell - 2] as number));
export const upperEdge = (edges: readonly number[], cell: number): number | null =>
  cell >= edges.length + 1 ? null : (edges[cell - 1] as number);

/**
 * The smallest value that at least the share p of the patients with a value do not exceed (numpy's `inverted_cdf`). Where patients
 * without a value are joined with a cell, how many they are is only known to be fewer than `least`: the range holds for any such number.
 */
export function quantilesOf(edges: readonly number[], cells: readonly SummaryCell[], least: number): Quantile[] {
  const valued = cells.filter(({ at }) => at.some((cell) => cell > 0));
  const joined = valued.some(({ at }) => at.includes(0));
  return QUANTILES.map((p) => {
    const found = (joined ? [1, least - 1] : [0]).map((missing) => groupAt(valued, p, missing));
    const [first, last] = [Math.min(...found), Math.max(...found)];
    const cellsFrom = (valued[first] as SummaryCell).at.filter((cell) => cell > 0);
    const cellsTo = (valued[last] as SummaryCell).at.filter((cell) => cell > 0);
    return { p, from: lowerEdge(edges, Math.min(...cellsFrom)), to: upperEdge(edges, Math.max(...cellsTo)) };
  });
}

/** Index of the cell that holds the quantile, where so many of the joined cell's patients have no value. */
function groupAt(cells: readonly SummaryCell[], p: number, missing: number): number {
  const counts = cells.map(({ at, count }) => count - (at.includes(0) ? missing : 0));
  const rank = Math.max(1, Math.ceil(p * counts.reduce((sum, count) => sum + count, 0) - 1e-9));
  let seen = 0;
  return Math.max(
    0,
    counts.findIndex((count) => (seen += count) >= rank),
  );
}
