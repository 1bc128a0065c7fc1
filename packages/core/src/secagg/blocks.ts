/** The blocks of a rotation (rotate.ts). Free of node's modules, so that the dashboard counts the same words. */

/** Of doubles: a block stays in the processor's cache. */
const LARGEST_BLOCK = 2 ** 14;
/** Rotated vectors have a multiple of this many values, so that their words are packed without a remainder. */
const SMALLEST_BLOCK = 8;
/** Up to here zeros are cheap and one block holds everything. */
const ONE_BLOCK = 1024;

/** `count` blocks of `size` values, a power of two. */
export interface Blocks {
  readonly size: number;
  readonly count: number;
}

/**
 * The largest blocks that `values` values fill but for a sixteenth of zeros behind them; one block for few values, none for
 * none. A block has more than a 32nd of the values, so the square of its size is above their number, and after two passes
 * every value has a part in every coordinate (up to 2^28 of them).
 */
export function blocksOf(values: number): Blocks {
  if (values === 0) return { size: SMALLEST_BLOCK, count: 0 };
  let size = SMALLEST_BLOCK;
  if (values <= ONE_BLOCK) {
    while (size < values) size *= 2;
    return { size, count: 1 };
  }
  for (let larger = size; larger <= LARGEST_BLOCK; larger *= 2) {
    if (Math.ceil(values / larger) * larger <= values * (1 + 1 / 16)) size = larger;
  }
  return { size, count: Math.ceil(values / size) };
}

export const rotatedLength = (values: number): number => {
  const { size, count } = blocksOf(values);
  return size * count;
};

/** Narrow words in a group (pack.ts), and the words that it fills. */
export const GROUP = 8;
export const PACKED = 5;

/** 32-bit words that travel for this many narrow ones, a multiple of 8. */
export const packedLength = (narrow: number): number => (narrow / GROUP) * PACKED;
