import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers } from "../base/numbers.fixture.ts";
import { sha256 } from "../crypto/digest.ts";
import { blocksOf, rotatedLength } from "./blocks.ts";
import { largestRotated, rotate, rotateBack, rotationSeed, walshHadamard } from "./rotate.ts";

const SEED = rotationSeed(sha256("round"));

const normOf = (values: Float64Array): number => Math.sqrt(values.reduce((sum, one) => sum + one * one, 0));

/** The update with zeros behind it, rotated. */
function rotatedOf(update: ArrayLike<number>, seed = SEED): Float64Array {
  const padded = new Float64Array(rotatedLength(update.length));
  padded.set(Array.from(update));
  rotate(padded, blocksOf(update.length), seed);
  return padded;
}

/** By the definition: row r, column c of the matrix is -1 where r & c has an odd number of ones. */
function slowTransform(block: readonly number[]): number[] {
  const odd = (bits: number): number => bits.toString(2).replaceAll("0", "").length % 2;
  return block.map((_, row) => block.reduce((sum, value, column) => sum + value * (1 - 2 * odd(row & column)), 0));
}

describe("the transform", () => {
  it.each([1, 2, 4, 8, 16, 32, 128, 256])("of %d values is the matrix of Walsh and Hadamard", (size) => {
    const random = numbers(size);
    const block = Array.from({ length: size }, () => Math.floor(random() * 2000) - 1000);
    const fast = Float64Array.from(block);
    walshHadamard(fast);
    expect([...fast]).toEqual(slowTransform(block));
  });
});

describe("blocks", () => {
  it("[N6] hold every length, with a sixteenth of zeros at most where it is long, in whole groups of eight", () => {
    const lengths = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 5000, max: 2 ** 30 }));
    fc.assert(
      fc.property(lengths, (values) => {
        const { size, count } = blocksOf(values);
        expect(Math.log2(size) % 1).toBe(0);
        expect(size).toBeLessThanOrEqual(2 ** 14);
        expect(size * count).toBeGreaterThanOrEqual(values);
        expect((size * count) % 8).toBe(0);
        if (values > 1024) expect(size * count).toBeLessThanOrEqual(values * (1 + 1 / 16));
        else expect({ count, few: size < Math.max(9, 2 * values) }).toEqual({ count: 1, few: true });
        // Two passes reach every coordinate.
        if (values <= 2 ** 28) expect(count).toBeLessThanOrEqual(size);
      }),
      { numRuns: 1000 },
    );
    expect(rotatedLength(0)).toBe(0);
  });
});

describe("the rotation", () => {
  // One block; blocks of 64, 16 and 256, the last with columns left over behind groups of eight.
  const LENGTHS = [1, 3, 8, 100, 1024, 1025, 1601, 5000];

  it.each(LENGTHS)("[N6] of %d values is its own inverse, keeps lengths, and the sum of rotated is the rotated sum", (length) => {
    const update = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: length, maxLength: length });
    fc.assert(
      fc.property(update, update, fc.string(), (one, other, text) => {
        const seed = rotationSeed(sha256(text));
        const first = rotatedOf(one, seed);
        const norm = normOf(Float64Array.from(one));
        expect(Math.abs(normOf(first) - norm)).toBeLessThanOrEqual(1e-12 * norm);
        const second = rotatedOf(other, seed);
        const both = first.map((value, i) => value + (second[i] as number));
        rotateBack(first, blocksOf(length), seed);
        const slack = 1e-13 * (norm + normOf(Float64Array.from(other)));
        first.forEach((value, i) => expect(Math.abs(value - (one[i] ?? 0))).toBeLessThanOrEqual(slack));
        rotateBack(both, blocksOf(length), seed);
        both.forEach((value, i) => expect(Math.abs(value - (one[i] ?? 0) - (other[i] ?? 0))).toBeLessThanOrEqual(slack));
      }),
      { numRuns: length > 1000 ? 3 : 10 },
    );
  });

  it("[N6] takes its signs from the round, and is another one in another round", () => {
    const update = Float64Array.from({ length: 64 }, (_, i) => i);
    expect(rotatedOf(update)).toEqual(rotatedOf(update));
    expect(rotatedOf(update, rotationSeed(sha256("another round")))).not.toEqual(rotatedOf(update));
  });

  it("[N6] spreads a single value, a single layer and an even vector over all coordinates", () => {
    const values = 20_000;
    const shapes: readonly ((i: number) => number)[] = [
      (i) => (i === 777 ? 1 : 0),
      (i) => (i >= 8000 && i < 8400 ? Math.cos(i) : 0),
      () => 1,
      (i) => (i < values / 2 ? 1e-3 : Math.sin(i * i)),
    ];
    for (const shape of shapes) {
      const update = Float64Array.from({ length: values }, (_, i) => shape(i));
      const spread = rotatedOf(update);
      const most = spread.reduce((so, value) => Math.max(so, Math.abs(value)), 0);
      // Of one standard deviation each, twenty thousand normal values reach 4.1 on average and 6 once in 25,000 times.
      expect(most / normOf(update)).toBeLessThan(largestRotated(values));
    }
  });
});
