import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngraftError } from "../base/errors.ts";
import { addVector } from "../crypto/mask.ts";
import { chanceOf, value } from "./federation.fixture.ts";
import { decodeSum, encodedWords, encodeInput, largestStep, largestTotal, stepsPerUnit, weightOf, type Encoding } from "./quantize.ts";

const encodingOf = (change: Partial<Encoding> = {}): Encoding => ({
  sites: 5,
  cap: 2000,
  clipNorm: 1,
  clip: 1,
  values: 8,
  totals: 2,
  noise: 0,
  ...change,
});

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
const update = fc.float32Array({ minLength: 8, maxLength: 8, noNaN: true, noDefaultInfinity: true });

describe("the encoder", () => {
  it("[N1] [V10] no sum of all sites wraps, at any weight, clip, noise and value up to the largest float", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.array(update, { minLength: 1, maxLength: 4 }),
        fc.string(),
        (sites, clip, noise, updates, seed) => {
          const encoding = encodingOf({ sites, clip, clipNorm: clip, noise, cap: Math.floor((2 ** 31 - 1) / sites) });
          const bound = largestStep(encoding);
          expect(sites * bound + noise).toBeLessThanOrEqual(2 ** 31 - 1);
          const chance = chanceOf(seed);
          for (const one of updates) {
            const words = new Int32Array(encodeInput(encoding, encoding.cap, one, [0, 0], chance(32)).buffer);
            for (const step of words.subarray(1, 9)) expect(Math.abs(step)).toBeLessThanOrEqual(bound);
          }
        },
      ),
    );
  });

  it("[N1] [V10] the very ends stay inside, and do not depend on who takes part", () => {
    const encoding = encodingOf({ clip: 0.25, clipNorm: 1000, values: 2, totals: 0 });
    const extreme = encodeInput(encoding, 2000, Float32Array.of(3, -3), [], new Uint8Array(32));
    const words = new Int32Array(extreme.buffer);
    expect(Math.abs(Math.abs(words[1] ?? 0) - (largestStep(encoding) - 1))).toBeLessThanOrEqual(1);
    expect(words[2]).toBeGreaterThanOrEqual(-largestStep(encoding));
    const sum = new Uint32Array(3);
    for (let at = 0; at < 5; at++) addVector(sum, extreme);
    const [up, down] = value(decodeSum(encoding, sum, 5)).mean;
    expect(up).toBeCloseTo(0.25, 8);
    expect(down).toBeCloseTo(-0.25, 8);
  });

  it("[N2] weights and totals are exact, signed ones too, and a mean is off by less than a step of each site", () => {
    const total = fc.integer({ min: -largestTotal(encodingOf()), max: largestTotal(encodingOf()) });
    const input = fc.record({
      weight: fc.integer({ min: 1, max: 2000 }),
      update: fc.array(finite, { minLength: 8, maxLength: 8 }).map((values) => Float32Array.from(values, (one) => one / 4000)),
      totals: fc.tuple(total, total),
    });
    fc.assert(
      fc.property(fc.array(input, { minLength: 1, maxLength: 5 }), fc.string(), (inputs, seed) => {
        const encoding = encodingOf();
        const sum = new Uint32Array(encodedWords(encoding));
        const chance = chanceOf(seed);
        for (const one of inputs) addVector(sum, encodeInput(encoding, one.weight, one.update, one.totals, chance(32)));
        const decoded = value(decodeSum(encoding, sum, inputs.length));
        const weight = inputs.reduce((all, one) => all + one.weight, 0);
        expect(decoded.totalWeight).toBe(weight);
        expect(decoded.totals).toEqual([0, 1].map((at) => inputs.reduce((all, one) => all + (one.totals[at] ?? 0), 0)));
        const step = (inputs.length * encoding.cap) / (weight * stepsPerUnit(encoding));
        decoded.mean.forEach((mean, i) => {
          const plain = inputs.reduce((all, one) => all + (one.weight * (one.update[i] ?? 0)) / weight, 0);
          expect(Math.abs(mean - plain)).toBeLessThanOrEqual(step * (1 + 1e-6));
        });
      }),
    );
  });

  it("[N2] rounding is right on average: 0.3 steps become 1 three times in ten", () => {
    const encoding = encodingOf({ values: 20_000, totals: 0, clipNorm: 1e9 });
    const small = new Float32Array(20_000).fill(0.3 / stepsPerUnit(encoding));
    const words = new Int32Array(encodeInput(encoding, 2000, small, [], chanceOf("rounding")(32)).buffer).subarray(1);
    expect(new Set(words)).toEqual(new Set([0, 1]));
    const ones = words.reduce((sum, step) => sum + step, 0);
    // Five standard deviations of 20,000 draws.
    expect(Math.abs(ones - 6000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.21));
  });

  it("[N2] an update longer than the clip is scaled down as a whole", () => {
    const encoding = encodingOf({ values: 2, totals: 0 });
    const sum = encodeInput(encoding, 7, Float32Array.of(30, 40), [], new Uint8Array(32));
    const [a, b] = value(decodeSum(encoding, sum, 1)).mean;
    expect(a).toBeCloseTo(0.6, 5);
    expect(b).toBeCloseTo(0.8, 5);
  });

  it("[N3] [V10] stops at NaN, infinity, wrong lengths and counts out of range, and names no value", () => {
    const encode = (weight: number, values: readonly number[], totals: readonly number[]) => () =>
      encodeInput(encodingOf({ values: 2, totals: 1 }), weight, Float32Array.from(values), totals, new Uint8Array(32));
    const cases = [
      [encode(1, [Number.NaN, 0], [0]), "not-finite"],
      [encode(1, [0, Number.NEGATIVE_INFINITY], [0]), "not-finite"],
      [encode(1, [0], [0]), "wrong-shape"],
      [encode(1, [0, 0], []), "wrong-shape"],
      [encode(0, [0, 0], [0]), "count-out-of-range"],
      [encode(2001, [0, 0], [0]), "count-out-of-range"],
      [encode(1.5, [0, 0], [0]), "count-out-of-range"],
      [encode(1, [0, 0], [2 ** 53]), "count-out-of-range"],
      [encode(1, [0, 0], [0.5]), "count-out-of-range"],
    ] as const;
    for (const [act, code] of cases) {
      const thrown = (() => {
        try {
          return act();
        } catch (error) {
          return error;
        }
      })();
      expect(thrown).toBeInstanceOf(EngraftError);
      expect(thrown).toMatchObject({ code });
      expect((thrown as Error).message).not.toMatch(/\d/);
    }
  });

  it("[N4] a sum that no honest inputs give is refused", () => {
    const encoding = encodingOf({ values: 2, totals: 0 });
    const good = encodeInput(encoding, 10, Float32Array.of(0.1, 0.2), [], new Uint8Array(32));
    expect(decodeSum(encoding, good, 1)).toMatchObject({ ok: true });
    const change = (at: number, word: number): Uint32Array => good.with(at, word);
    expect(decodeSum(encoding, change(0, 0), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, change(0, 2001), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, change(0, 0xffffffff), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, change(1, 0x7fffffff), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, good, 2)).toMatchObject({ ok: true });
    expect(decodeSum(encoding, good.subarray(1), 1)).toMatchObject({ code: "wrong-shape" });
  });
});

describe("weights", () => {
  it("[N2] are the count, its bucket, or one", () => {
    expect([1, 2, 3, 5, 100, 303].map((count) => weightOf(count, "bucketed", 2000))).toEqual([1, 2, 3, 6, 91, 256]);
    expect(weightOf(303, "exact", 2000)).toBe(303);
    expect(weightOf(303, "equal", 2000)).toBe(1);
    expect(weightOf(5000, "exact", 2000)).toBe(2000);
  });
});
