/**
 * A rotation that spreads an update evenly over its coordinates, so that few bits are enough for each (compact encoding).
 * Two passes of random signs and a Walsh-Hadamard transform (Suresh et al. 2017, "Distributed mean estimation with limited
 * communication"): the first over blocks of neighbours, the second over blocks of values that lie a block count apart, so
 * that one large layer spreads over all blocks. Lengths stay, and sums of rotated vectors are rotated sums. All sites of a
 * round, in all its attempts, take the same signs.
 */
import { assert } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { keyStream } from "../crypto/mask.ts";
import { rotatedLength, type Blocks } from "./blocks.ts";
import { digestBytes, taggedHash } from "./transcript.ts";

/** Columns that are transformed together: as many doubles as the processor reads from memory at once. */
const COLUMNS = 8;
const CHUNK_WORDS = 16_384;

/**
 * No coordinate of a rotated vector of L2 norm 1 is larger, but for about one in ten million: a coordinate is a sum with
 * random signs, whose tail is below 2 exp(-t^2 / 2) for t standard deviations. What lies beyond is cut off, which costs a
 * little accuracy.
 */
export const largestRotated = (values: number): number => Math.min(1, 6 / Math.sqrt(Math.max(1, rotatedLength(values))));

/** 32 bytes that choose the signs. From R0, so that a stored vector fits every attempt of its round. */
export const rotationSeed = (round: Digest): Uint8Array => digestBytes(taggedHash("rotation", digestBytes(round)));

/** Pairs of neighbours. */
function pairs(block: Float64Array): void {
  for (let i = 0; i < block.length; i += 2) {
    const a = block[i] as number;
    const b = block[i + 1] as number;
    block[i] = a + b;
    block[i + 1] = a - b;
  }
}

/** The steps of `half` and of twice `half` at once, with the same additions as one after the other. */
function twoSteps(block: Float64Array, half: number): void {
  for (let from = 0; from < block.length; from += 4 * half) {
    for (let i = from; i < from + half; i++) {
      const a = block[i] as number;
      const b = block[i + half] as number;
      const c = block[i + 2 * half] as number;
      const d = block[i + 3 * half] as number;
      block[i] = a + b + (c + d);
      block[i + half] = a - b + (c - d);
      block[i + 2 * half] = a + b - (c + d);
      block[i + 3 * half] = a - b - (c - d);
    }
  }
}

/** Unnormalised Walsh-Hadamard transform, in place: twice is `block.length` times the block. Its length is a power of two. */
export function walshHadamard(block: Float64Array): void {
  const odd = Math.log2(block.length) % 2 === 1;
  if (odd) pairs(block);
  for (let half = odd ? 2 : 1; half < block.length; half *= 4) twoSteps(block, half);
}

/** Value i times `scale`, and times -1 where bit i of the words (lowest first) is 1. */
function flipChunk(values: Float64Array, from: number, to: number, signs: Int32Array, scale: number): void {
  for (let i = from; i < to; i++) {
    const bit = ((signs[(i - from) >>> 5] as number) >>> (i & 31)) & 1;
    values[i] = (values[i] as number) * (scale - 2 * scale * bit);
  }
}

/** `start`: the first word of the key stream. */
function flip(values: Float64Array, seed: Uint8Array, start: number, scale: number): void {
  const take = keyStream(seed, start);
  for (let from = 0; from < values.length; from += 32 * CHUNK_WORDS) {
    const to = Math.min(values.length, from + 32 * CHUNK_WORDS);
    flipChunk(values, from, to, take(Math.ceil((to - from) / 32)), scale);
  }
}

function neighbours(values: Float64Array, { size, count }: Blocks): void {
  for (let at = 0; at < count; at++) walshHadamard(values.subarray(at * size, (at + 1) * size));
}

/** Row i of `width` columns from or to a place in memory; `row` is the length of a column there. */
function gather(columns: Float64Array, row: number, values: Float64Array, from: number, { size, count }: Blocks, width: number): void {
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < width; c++) columns[c * row + i] = values[from + i * count + c] as number;
  }
}

function scatter(columns: Float64Array, row: number, values: Float64Array, from: number, { size, count }: Blocks, width: number): void {
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < width; c++) values[from + i * count + c] = columns[c * row + i] as number;
  }
}

function apart(values: Float64Array, blocks: Blocks): void {
  const { size, count } = blocks;
  // Columns that lie a power of two apart would push one another out of the cache.
  const row = size + COLUMNS;
  const columns = new Float64Array(row * COLUMNS);
  for (let from = 0; from < count; from += COLUMNS) {
    const width = Math.min(COLUMNS, count - from);
    gather(columns, row, values, from, blocks, width);
    for (let c = 0; c < width; c++) walshHadamard(columns.subarray(c * row, c * row + size));
    scatter(columns, row, values, from, blocks, width);
  }
}

const secondSigns = (values: Float64Array): number => Math.ceil(values.length / 32);

/**
 * Rotates in place. `values` has `blocks`' length, zeros behind the update; `seed` is 32 bytes. The scale of both passes
 * together is a power of two, so it costs no accuracy.
 */
export function rotate(values: Float64Array, blocks: Blocks, seed: Uint8Array): void {
  assert(values.length === blocks.size * blocks.count, "the vector is not padded");
  flip(values, seed, 0, 1 / blocks.size);
  neighbours(values, blocks);
  flip(values, seed, secondSigns(values), 1);
  apart(values, blocks);
}

/** Undoes `rotate` with the same seed. */
export function rotateBack(values: Float64Array, blocks: Blocks, seed: Uint8Array): void {
  assert(values.length === blocks.size * blocks.count, "the vector is not padded");
  apart(values, blocks);
  flip(values, seed, secondSigns(values), 1 / blocks.size);
  neighbours(values, blocks);
  flip(values, seed, 0, 1);
}
