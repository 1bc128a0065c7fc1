import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers } from "../base/numbers.fixture.ts";
import { EngraftError } from "../base/errors.ts";
import { sha256 } from "../crypto/digest.ts";
import { addVector } from "../crypto/mask.ts";
import { chanceOf, value } from "./federation.fixture.ts";
import {
  decodeSum,
  encodedWords,
  encodeInput,
  largestStep,
  largestTotal,
  layoutOf,
  stepsPerUnit,
  weightOf,
  type Encoding,
} from "./quantize.ts";

const ROUND = sha256("round");

const encodingOf = (change: Partial<Encoding> = {}): Encoding => ({
  sites: 5,
  cap: 2000,
  clipNorm: 1,
  clip: 1,
  values: 8,
  totals: 2,
  noise: 0,
  words: "full",
  ...change,
});

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });
const update = fc.float32Array({ minLength: 8, maxLength: 8, noNaN: true, noDefaultInfinity: true });

describe("the encoder", () => {
  it.each(["full", "compact"] as const)(
    "[N1] [V10] no sum of all sites wraps, at any weight, clip, noise and value up to the largest float: %s words",
    (words) => {
      const most = words === "full" ? 2 ** 31 - 1 : 2 ** 19 - 1;
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 100 }),
          fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
          fc.integer({ min: 0, max: 100_000 }),
          fc.array(update, { minLength: 1, maxLength: 4 }),
          fc.string(),
          (sites, clip, noise, updates, seed) => {
            const encoding = encodingOf({ sites, clip, clipNorm: clip, noise, words, cap: Math.floor((2 ** 31 - 1) / sites) });
            const bound = largestStep(encoding);
            expect(sites * bound + noise).toBeLessThanOrEqual(most);
            const chance = chanceOf(seed);
            for (const one of updates) {
              const input = { weight: encoding.cap, update: one, totals: [0, 0] };
              const steps = new Int32Array(encodeInput(encoding, sha256(seed), input, chance(32)).buffer);
              for (const step of steps.subarray(1, 9)) expect(Math.abs(step)).toBeLessThanOrEqual(bound);
            }
          },
        ),
      );
    },
  );

  it("[N1] [V10] the very ends stay inside, and do not depend on who takes part", () => {
    const encoding = encodingOf({ clip: 0.25, clipNorm: 1000, values: 2, totals: 0 });
    const extreme = encodeInput(encoding, ROUND, { weight: 2000, update: Float32Array.of(3, -3), totals: [] }, new Uint8Array(32));
    const words = new Int32Array(extreme.buffer);
    expect(Math.abs(Math.abs(words[1] ?? 0) - (largestStep(encoding) - 1))).toBeLessThanOrEqual(1);
    expect(words[2]).toBeGreaterThanOrEqual(-largestStep(encoding));
    const sum = new Uint32Array(3);
    for (let at = 0; at < 5; at++) addVector(sum, extreme);
    const [up, down] = value(decodeSum(encoding, ROUND, sum, 5)).mean;
    expect(up).toBeCloseTo(0.25, 8);
    expect(down).toBeCloseTo(-0.25, 8);
  });

  it.each(["full", "compact"] as const)(
    "[N2] weights and totals are exact, signed ones too, and a mean is off by less than a step of each site: %s words",
    (words) => {
      const total = fc.integer({ min: -largestTotal(encodingOf()), max: largestTotal(encodingOf()) });
      const input = fc.record({
        weight: fc.integer({ min: 1, max: 2000 }),
        update: fc.array(finite, { minLength: 8, maxLength: 8 }).map((values) => Float32Array.from(values, (one) => one / 4000)),
        totals: fc.tuple(total, total),
      });
      fc.assert(
        fc.property(fc.array(input, { minLength: 1, maxLength: 5 }), fc.string(), (inputs, seed) => {
          const encoding = encodingOf({ words });
          const sum = new Uint32Array(encodedWords(encoding));
          const chance = chanceOf(seed);
          for (const one of inputs) addVector(sum, encodeInput(encoding, ROUND, one, chance(32)));
          const decoded = value(decodeSum(encoding, ROUND, sum, inputs.length));
          const weight = inputs.reduce((all, one) => all + one.weight, 0);
          expect(decoded.totalWeight).toBe(weight);
          expect(decoded.totals).toEqual([0, 1].map((at) => inputs.reduce((all, one) => all + (one.totals[at] ?? 0), 0)));
          const step = (inputs.length * encoding.cap) / (weight * stepsPerUnit(encoding));
          const off = decoded.mean.map(
            (mean, i) => mean - inputs.reduce((all, one) => all + (one.weight * (one.update[i] ?? 0)) / weight, 0),
          );
          // Each value by a step where values are words; all together by as much, times the root of their number, where rotated ones are.
          if (words === "full") for (const one of off) expect(Math.abs(one)).toBeLessThanOrEqual(step * (1 + 1e-6));
          else expect(Math.hypot(...off)).toBeLessThanOrEqual(Math.sqrt(8) * step * (1 + 1e-6));
        }),
      );
    },
  );

  it("[N2] rounding is right on average: 0.3 steps become 1 three times in ten", () => {
    const encoding = encodingOf({ values: 20_000, totals: 0, clipNorm: 1e9 });
    const small = new Float32Array(20_000).fill(0.3 / stepsPerUnit(encoding));
    const words = new Int32Array(
      encodeInput(encoding, ROUND, { weight: 2000, update: small, totals: [] }, chanceOf("rounding")(32)).buffer,
    ).subarray(1);
    expect(new Set(words)).toEqual(new Set([0, 1]));
    const ones = words.reduce((sum, step) => sum + step, 0);
    // Five standard deviations of 20,000 draws.
    expect(Math.abs(ones - 6000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.21));
  });

  it("[N2] an update longer than the clip is scaled down as a whole", () => {
    const encoding = encodingOf({ values: 2, totals: 0 });
    const sum = encodeInput(encoding, ROUND, { weight: 7, update: Float32Array.of(30, 40), totals: [] }, new Uint8Array(32));
    const [a, b] = value(decodeSum(encoding, ROUND, sum, 1)).mean;
    expect(a).toBeCloseTo(0.6, 5);
    expect(b).toBeCloseTo(0.8, 5);
  });

  it("[N3] [V10] stops at NaN, infinity, wrong lengths and counts out of range, and names no value", () => {
    const encode = (weight: number, values: readonly number[], totals: readonly number[]) => () =>
      encodeInput(encodingOf({ values: 2, totals: 1 }), ROUND, { weight, update: Float32Array.from(values), totals }, new Uint8Array(32));
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

  it.each(["full", "compact"] as const)("[N4] a sum that no honest inputs give is refused: %s words", (words) => {
    const encoding = encodingOf({ values: 2, totals: 0, words });
    const far = words === "full" ? 0x7fffffff : 0x7ffff;
    const good = encodeInput(encoding, ROUND, { weight: 10, update: Float32Array.of(0.1, 0.2), totals: [] }, new Uint8Array(32));
    expect(decodeSum(encoding, ROUND, good, 1)).toMatchObject({ ok: true });
    const change = (at: number, word: number): Uint32Array => good.with(at, word);
    expect(decodeSum(encoding, ROUND, change(0, 0), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, ROUND, change(0, 2001), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, ROUND, change(0, 0xffffffff), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, ROUND, change(1, far), 1)).toMatchObject({ code: "sum-out-of-range" });
    expect(decodeSum(encoding, ROUND, good, 2)).toMatchObject({ ok: true });
    expect(decodeSum(encoding, ROUND, good.subarray(1), 1)).toMatchObject({ code: "wrong-shape" });
  });
});

/** Updates of layers whose scales lie two decades apart, with values far from the rest; all of norm 1. */
function layered(values: number, seed: number): Float32Array {
  const random = numbers(seed);
  const update = Float64Array.from({ length: values }, (_, i) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const spread = Math.sqrt((-2 / 3) * (Math.log(1 - random()) + Math.log(1 - random())));
    return (normal / (spread + 0.05)) * 10 ** ((-2 * Math.floor((8 * i) / values)) / 7);
  });
  const norm = Math.hypot(...update);
  return Float32Array.from(update, (one) => one / norm);
}

describe("compact words", () => {
  const VALUES = 10_000;
  const weights = [1000, 700, 500, 300, 250, 120, 80, 60, 40, 30];
  const inputs = weights.map((weight, at) => ({ weight, update: layered(VALUES, at + 1), totals: [] }));
  const total = weights.reduce((sum, one) => sum + one, 0);
  const plain = Float64Array.from({ length: VALUES }, (_, i) =>
    inputs.reduce((sum, one) => sum + (one.weight * (one.update[i] as number)) / total, 0),
  );

  /** Relative L2 error of the mean. */
  function errorOf(change: Partial<Encoding>): number {
    const encoding = encodingOf({ sites: 10, cap: 1000, values: VALUES, totals: 0, ...change });
    const sum = new Uint32Array(encodedWords(encoding));
    inputs.forEach((one, at) => addVector(sum, encodeInput(encoding, ROUND, one, chanceOf(`compact ${at}`)(32))));
    const { mean } = value(decodeSum(encoding, ROUND, sum, inputs.length));
    return Math.hypot(...mean.map((one, i) => one - (plain[i] as number))) / Math.hypot(...plain);
  }

  it("[N6] [N7] give the mean of ten sites to within three parts in ten thousand of its length, though they have 20 bits", () => {
    expect(errorOf({ words: "compact" })).toBeLessThan(3e-4);
    expect(errorOf({ words: "full" })).toBeLessThan(1e-6);
  });

  it("[N7] are rounded more coarsely as the cap lies further above the weights", () => {
    expect(errorOf({ words: "compact", cap: 100_000 })).toBeGreaterThan(20 * errorOf({ words: "compact" }));
  });

  it("[N6] of another round's rotation do not decode to the mean", () => {
    const encoding = encodingOf({ sites: 10, cap: 1000, values: VALUES, totals: 0, words: "compact" });
    const [one] = inputs;
    const vector = encodeInput(encoding, sha256("another round"), one as (typeof inputs)[number], new Uint8Array(32));
    const { mean } = value(decodeSum(encoding, ROUND, vector, 1));
    const off = Math.hypot(...mean.map((found, i) => found - (one?.update[i] ?? 0)));
    expect(off).toBeGreaterThan(1);
  });

  it("[N7] of an evaluation are the weight and the totals alone, which keep all their bits", () => {
    const encoding = encodingOf({ values: 0, totals: 2, words: "compact" });
    expect(layoutOf(encoding)).toEqual({ front: 1, narrow: 0, back: 4 });
    const most = largestTotal(encoding);
    const vector = encodeInput(encoding, ROUND, { weight: 2000, update: new Float32Array(), totals: [most, -most] }, new Uint8Array(32));
    const sum = new Uint32Array(5);
    for (let at = 0; at < 5; at++) addVector(sum, vector);
    expect(value(decodeSum(encoding, ROUND, sum, 5))).toMatchObject({ totalWeight: 10_000, totals: [5 * most, -5 * most] });
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
