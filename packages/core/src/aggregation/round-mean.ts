/** One slice of a round's mean, from the same slice of every update: by shares, or as a robust strategy takes it. */
import type { Strategy } from "../models/strategy.ts";
import { addScaled } from "./mean.ts";
import { median } from "./median.ts";
import { trimmedMean } from "./trimmed-mean.ts";

/** `shares`, one for each site, add up to 1. The median and the trimmed mean do not look at them. */
export function roundMean(slices: readonly Float32Array[], shares: readonly number[], strategy: Strategy | undefined): Float64Array {
  const mean = new Float64Array(slices[0]?.length ?? 0);
  if (strategy?.name === "median") median(mean, slices);
  else if (strategy?.name === "trimmed-mean") trimmedMean(mean, slices, strategy.liars);
  else for (const [at, values] of slices.entries()) addScaled(mean, values, shares[at] as number);
  return mean;
}

/** Each site's share by its sample count. */
export function sampleShares(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / total);
}
