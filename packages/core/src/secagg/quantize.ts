/**
 * From an update to the words that are masked, and from their sum back to a mean. One vector: the weight as an exact
 * integer, then weight times update as signed fixed-point numbers rounded at random (unbiased), then exact totals. A value
 * has 32 bits, or 20 after a rotation that makes all values of an update about equally large (rotate.ts); weight and totals
 * always have 32. The scale comes from the directory's size, never from who takes part, so no sum of any roster can wrap.
 */
import { measureSlice, NOTHING_MEASURED } from "../aggregation/mean.ts";
import { assert, EngraftError, refuse, type Refusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { keyStream, signed } from "../crypto/mask.ts";
import { layoutWords, NARROW_BITS, type Layout } from "./pack.ts";
import { blocksOf, rotatedLength } from "./blocks.ts";
import { largestRotated, rotate, rotateBack, rotationSeed } from "./rotate.ts";

/** What each word of a vector means; from the plan. */
export interface Encoding {
  /** Sites of the directory, D. */
  readonly sites: number;
  /** Largest weight; a site's share is weight / cap. At most (2^31 - 1)/D. */
  readonly cap: number;
  /** L2 norm to which a whole update is scaled down. */
  readonly clipNorm: number;
  /** Largest absolute value of one coordinate. */
  readonly clip: number;
  /** Values of the update. */
  readonly values: number;
  /** Exact integers that are only added up: counts, histograms. Two words each. */
  readonly totals: number;
  /** Room for the noise of all sites together, in steps of the scale; 0 without. */
  readonly noise: number;
  /** `compact`: values are rotated and have 20 bits. */
  readonly words: "full" | "compact";
}

const MAX_INT = 2 ** 31 - 1;
const LOW = 2 ** 24;
const CHUNK = 16_384;

const bitsOf = ({ words }: Encoding): number => (words === "compact" ? NARROW_BITS : 32);
/** Words that the values take: a rotated update has zeros behind it. */
export const valueWords = ({ words, values }: Encoding): number => (words === "compact" ? rotatedLength(values) : values);
/** Q: no site's value leaves [-Q, Q] in steps, so the sum of all sites stays a signed number of the values' width. */
export const largestStep = (encoding: Encoding): number => Math.floor((2 ** (bitsOf(encoding) - 1) - 1 - encoding.noise) / encoding.sites);
/** Largest absolute value of weight x update in a word, at the weight cap. */
const reach = ({ words, clip, clipNorm, values }: Encoding): number =>
  words === "compact" ? Math.min(clipNorm, clip * Math.sqrt(Math.max(1, values))) * largestRotated(values) : clip;
/** Steps for one unit of weight x update. One step is kept for rounding up. */
export const stepsPerUnit = (encoding: Encoding): number => (largestStep(encoding) - 1) / reach(encoding);
/** The words of an encoded vector: the weight, the values, the totals. */
export const layoutOf = (encoding: Encoding): Layout => {
  const [values, back] = [valueWords(encoding), 2 * encoding.totals];
  return encoding.words === "compact" ? { front: 1, narrow: values, back } : { front: 1 + values + back, narrow: 0, back: 0 };
};
export const encodedWords = (encoding: Encoding): number => layoutWords(layoutOf(encoding));
/**
 * Totals lie in [-this, this]: the sum of all sites must be exact in a double, which is a narrower bound than that of the
 * two words (2^55 / D).
 */
export const largestTotal = ({ sites }: Encoding): number => Math.floor(Number.MAX_SAFE_INTEGER / sites);

function checkEncoding(encoding: Encoding): void {
  const { sites, cap, clipNorm, clip, values, totals, noise } = encoding;
  assert(Number.isInteger(sites) && sites >= 1 && sites <= 127, "so many sites overflow the totals");
  assert(Number.isInteger(cap) && cap >= 1 && cap <= Math.floor(MAX_INT / sites), "the weight cap does not fit the sum");
  assert(clipNorm > 0 && clip > 0 && Number.isFinite(clipNorm) && Number.isFinite(clip), "a clip must be a positive number");
  assert(Number.isInteger(values) && values >= 0 && Number.isInteger(totals) && totals >= 0, "no such vector");
  assert(noise >= 0 && largestStep(encoding) > 1, "the noise leaves no room for values");
  assert(Number.isFinite(stepsPerUnit(encoding)), "the clip is too small for a scale");
}

/** How a site's patient count becomes its weight: `equal` and `bucketed` (powers of the square root of 2) tell less of it. */
export function weightOf(count: number, mode: "equal" | "bucketed" | "exact", cap: number): number {
  assert(Number.isSafeInteger(count) && count >= 1, "a count is a positive integer");
  if (mode === "equal") return 1;
  const weight = mode === "exact" ? count : Math.round(2 ** (Math.round(2 * Math.log2(count)) / 2));
  return Math.min(weight, cap);
}

type Values = Float32Array | Float64Array;

/**
 * The hot loop, in a function of its own so that it is compiled as a whole; doubles throughout, float32 would overflow.
 * With the bound at most Q - 1 and chance in [0, 1) no step leaves [-Q, Q]. Minimum and maximum instead of comparisons,
 * and signed words shifted by a half instead of unsigned ones, halve its time.
 */
function roundChunk(into: Int32Array, values: Values, from: number, words: Int32Array, scale: number, bound: number): void {
  for (let i = 0; i < words.length; i++) {
    const value = Math.min(bound, Math.max(-bound, (values[from + i] as number) * scale));
    into[from + i] = Math.floor(value + 0.5 + (words[i] as number) * 2 ** -32);
  }
}

function roundAll(into: Int32Array, values: Values, scale: number, bound: number, chance: Uint8Array): void {
  const take = keyStream(chance);
  for (let from = 0; from < values.length; from += CHUNK) {
    roundChunk(into, values, from, take(Math.min(CHUNK, values.length - from)), scale, bound);
  }
}

function clipInto(into: Float64Array, update: Float32Array, factor: number, clip: number): void {
  for (let i = 0; i < update.length; i++) into[i] = Math.min(clip, Math.max(-clip, (update[i] as number) * factor));
}

/** The update times `factor`, clipped by coordinate, behind its rotation. */
function rotated(encoding: Encoding, round: Digest, update: Float32Array, factor: number): Float64Array {
  const values = new Float64Array(valueWords(encoding));
  clipInto(values, update, factor, encoding.clip);
  rotate(values, blocksOf(encoding.values), rotationSeed(round));
  return values;
}

/** One site's part of a sum. */
export interface Input {
  /** 1 to the plan's cap. */
  readonly weight: number;
  readonly update: Float32Array;
  /** Safe integers. */
  readonly totals: readonly number[];
}

function checkInput(encoding: Encoding, { weight, update, totals }: Input): void {
  if (update.length !== encoding.values || totals.length !== encoding.totals) {
    throw new EngraftError("wrong-shape", "The update does not have the plan's length.");
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > encoding.cap) {
    throw new EngraftError("count-out-of-range", "The weight is not a positive integer up to the plan's cap.");
  }
}

/**
 * The vector of one site in the round of this hash (R0), of `encodedWords` words. `chance` is a fresh 32-byte seed whose key
 * stream rounds the values. Throws `not-finite`, `wrong-shape` or `count-out-of-range`, naming no value.
 */
export function encodeInput(encoding: Encoding, round: Digest, input: Input, chance: Uint8Array): Uint32Array {
  checkEncoding(encoding);
  checkInput(encoding, input);
  const { weight, update, totals } = input;
  const { finite, sumOfSquares } = measureSlice(NOTHING_MEASURED, update);
  if (!finite) throw new EngraftError("not-finite", "The update has a value that is not a number or is infinite.");
  const norm = Math.sqrt(sumOfSquares);
  const factor = norm > encoding.clipNorm ? encoding.clipNorm / norm : 1;
  const steps = (weight / encoding.cap) * stepsPerUnit(encoding);
  const vector = new Uint32Array(encodedWords(encoding));
  const words = signed(vector);
  vector[0] = weight;
  const end = 1 + valueWords(encoding);
  const into = words.subarray(1, end);
  const bound = steps * reach(encoding);
  if (encoding.words === "full") roundAll(into, update, steps * factor, bound, chance);
  else roundAll(into, rotated(encoding, round, update, factor), steps, bound, chance);
  const limit = largestTotal(encoding);
  totals.forEach((total, at) => {
    if (!Number.isSafeInteger(total) || Math.abs(total) > limit) {
      throw new EngraftError("count-out-of-range", "A total does not fit the sum exactly.");
    }
    const high = Math.floor(total / LOW);
    words[end + 2 * at] = high;
    words[end + 2 * at + 1] = total - high * LOW;
  });
  return vector;
}

/** What a sum says. */
export interface Decoded {
  readonly totalWeight: number;
  /** Weighted mean update. */
  readonly mean: Float64Array;
  readonly totals: readonly number[];
}

/** The values' words times `factor`; of each word the low bits count, as a signed number. Returns the sum of squares. */
function readValues(into: Float64Array, words: Int32Array, bits: number, factor: number): number {
  const above = 32 - bits;
  let sumOfSquares = 0;
  for (let i = 0; i < into.length; i++) {
    const value = (((words[1 + i] as number) << above) >> above) * factor;
    into[i] = value;
    sumOfSquares += value * value;
  }
  return sumOfSquares;
}

/**
 * Reads the sum of `count` vectors of the round of this hash (R0). `sum-out-of-range` where no honest inputs give it: the
 * round fails and nobody can be named, because the sum does not show who.
 */
export function decodeSum(
  encoding: Encoding,
  round: Digest,
  sum: Uint32Array,
  count: number,
): { readonly ok: true; readonly value: Decoded } | Refusal {
  checkEncoding(encoding);
  assert(count >= 1 && count <= encoding.sites, "a sum of so many sites cannot be");
  if (sum.length !== encodedWords(encoding)) return refuse("wrong-shape", "The sum does not have the plan's length.");
  const words = signed(sum);
  const totalWeight = words[0] as number;
  if (totalWeight < count || totalWeight > count * encoding.cap) {
    return refuse("sum-out-of-range", "The total weight cannot come from these sites: a site sent nonsense.");
  }
  const factor = 1 / (stepsPerUnit(encoding) * (totalWeight / encoding.cap));
  const values = new Float64Array(valueWords(encoding));
  const sumOfSquares = readValues(values, words, bitsOf(encoding), factor);
  // Each site's rounding moves a coordinate by less than a step; noise, where there is some, by its own bound.
  const slack = Math.sqrt(values.length) * (count + encoding.noise) * factor;
  if (Math.sqrt(sumOfSquares) > encoding.clipNorm * (1 + 1e-9) + slack) {
    return refuse("sum-out-of-range", "The mean is longer than the plan's clip: a site sent an update that was not clipped.");
  }
  if (encoding.words === "compact") rotateBack(values, blocksOf(encoding.values), rotationSeed(round));
  const end = 1 + values.length;
  const totals = Array.from(
    { length: encoding.totals },
    (_, at) => (words[end + 2 * at] as number) * LOW + (words[end + 2 * at + 1] as number),
  );
  return { ok: true, value: { totalWeight, mean: values.subarray(0, encoding.values), totals } };
}
