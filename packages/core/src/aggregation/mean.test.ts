import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOTHING_MEASURED, addScaled, applyMean, clipTo, measureSlice } from "./mean.ts";

const updates = fc
  .integer({ min: 1, max: 20 })
  .chain((length) =>
    fc.array(
      fc.record({
        values: fc
          .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { minLength: length, maxLength: length })
          .map((list) => Float32Array.from(list)),
        count: fc.integer({ min: 1, max: 10_000 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  );

function mean(list: readonly { readonly values: Float32Array; readonly count: number }[], slice: number): Float32Array {
  const length = list[0]?.values.length ?? 0;
  const total = list.reduce((sum, update) => sum + update.count, 0);
  const next = new Float32Array(length);
  for (let from = 0; from < length; from += slice) {
    const accumulator = new Float64Array(Math.min(slice, length - from));
    for (const { values, count } of list) addScaled(accumulator, values.subarray(from, from + slice), count / total);
    applyMean(next.subarray(from, from + slice), accumulator);
  }
  return next;
}

describe("the mean", () => {
  it("[R13] is the exact weighted mean to within a few units of float64, rounded once", () => {
    fc.assert(
      fc.property(updates, (list) => {
        const total = list.reduce((sum, update) => sum + update.count, 0);
        const got = mean(list, 7);
        for (let i = 0; i < got.length; i++) {
          // Reference: an exact sum of integers in units of 2^-40, far finer than float32's steps at this size.
          const exact = list.reduce(
            (sum, { values, count }) => sum + BigInt(Math.round((values[i] as number) * 2 ** 40)) * BigInt(count),
            0n,
          );
          const reference = Number(exact) / total / 2 ** 40;
          expect(Math.abs((got[i] as number) - reference)).toBeLessThanOrEqual(Math.abs(reference) * 2 ** -23 + 1e-9);
        }
      }),
    );
  });

  it("[R13] does not depend on where slices are cut", () => {
    fc.assert(
      fc.property(updates, fc.integer({ min: 1, max: 25 }), (list, slice) => {
        expect(mean(list, slice)).toEqual(mean(list, 1000));
      }),
    );
  });

  it("adds to the previous checkpoint", () => {
    const previous = Float32Array.of(1, 2);
    applyMean(previous, Float64Array.of(0.5, -2));
    expect(previous).toEqual(Float32Array.of(1.5, 0));
  });
});

describe("measuring an update", () => {
  it("[R6] sees every NaN and infinity, wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ maxLength: 30, noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        fc.nat(),
        fc.nat(30),
        (values, bad, at, cut) => {
          expect(measureSlice(NOTHING_MEASURED, values).finite).toBe(true);
          if (values.length === 0) return;
          values[at % values.length] = bad;
          const half = measureSlice(NOTHING_MEASURED, values.subarray(0, cut));
          expect(measureSlice(half, values.subarray(cut)).finite).toBe(false);
        },
      ),
    );
  });

  it("does not overflow on the largest float32", () => {
    const measure = measureSlice(NOTHING_MEASURED, Float32Array.of(3.4028234663852886e38, -3.4028234663852886e38));
    expect(measure.finite).toBe(true);
    expect(Number.isFinite(measure.sumOfSquares)).toBe(true);
  });
});

describe("clipping", () => {
  it("[R6] scales down to the clip and no further, keeping the direction", () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 30, noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (values, clip) => {
          const update = Float32Array.from(values);
          const before = clipTo(update, clip);
          const after = Math.sqrt(measureSlice(NOTHING_MEASURED, update).sumOfSquares);
          if (before <= clip) expect(update).toEqual(values);
          else expect(after / clip).toBeCloseTo(1, 4);
          for (let i = 0; i < values.length; i++)
            expect(Math.sign(update[i] as number) * Math.sign(values[i] as number)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
