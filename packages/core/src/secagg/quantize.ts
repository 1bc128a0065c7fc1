/**
 * From an update to the words that are masked, and from their sum back to a mean. One vector: the weight as an exact
 * integer, then weight times update as signed 32-bit fixed-point numbers rounded at random (unbiased), then exact totals.
 * The scale comes from the directory's size, never from who takes part, so no sum of any roster can wrap.
 */
import { measureSlice, NOTHING_MEASURED } from "../aggregation/mean.ts";
import { assert, EngraftError, refuse, type Refusal } from "../base/errors.ts";
import { keyStream, signed } from "../crypto/mask.ts";

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
}

const MAX_INT = 2 ** 31 - 1;
const LOW = 2 ** 24;
const CHUNK = 16_384;

/** Q: no site's value leaves [-Q, Q] in steps, so the sum of all sites stays a signed 32-bit number. */
export const largestStep = ({ sites, noise }: Encoding): number => Math.floor((MAX_INT - noise) / sites);
/** Steps for one unit of weight x update. One step is kept for rounding up. */
export const stepsPerUnit = (encoding: Encoding): number => (largestStep(encoding) - 1) / encoding.clip;
/** Words of an encoded vector. */
export const encodedWords = ({ values, totals }: Encoding): number => 1 + values + 2 * totals;
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

/**
 * The hot loop, in a function of its own so that it is compiled as a whole; doubles throughout, float32 would overflow.
 * With the bound at most Q - 1 and chance in [0, 1) no step leaves [-Q, Q]. Minimum and maximum instead of comparisons,
 * and signed words shifted by a half instead of unsigned ones, halve its time.
 */
function roundChunk(
  into: Int32Array,
  at: number,
  update: Float32Array,
  from: number,
  words: Int32Array,
  scale: number,
  bound: number,
): void {
  for (let i = 0; i < words.length; i++) {
    const value = Math.min(bound, Math.max(-bound, (update[from + i] as number) * scale));
    into[at + i] = Math.floor(value + 0.5 + (words[i] as number) * 2 ** -32);
  }
}

/**
 * The vector of one site. `update` has `values` values, `totals` safe integers; `chance` is a fresh 32-byte seed whose
 * key stream rounds the values. Throws `not-finite`, `wrong-shape` or `count-out-of-range`, naming no value.
 */
export function encodeInput(
  encoding: Encoding,
  weight: number,
  update: Float32Array,
  totals: readonly number[],
  chance: Uint8Array,
): Uint32Array {
  checkEncoding(encoding);
  if (update.length !== encoding.values || totals.length !== encoding.totals) {
    throw new EngraftError("wrong-shape", "The update does not have the plan's length.");
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > encoding.cap) {
    throw new EngraftError("count-out-of-range", "The weight is not a positive integer up to the plan's cap.");
  }
  const { finite, sumOfSquares } = measureSlice(NOTHING_MEASURED, update);
  if (!finite) throw new EngraftError("not-finite", "The update has a value that is not a number or is infinite.");
  const norm = Math.sqrt(sumOfSquares);
  const share = weight / encoding.cap;
  const steps = stepsPerUnit(encoding);
  const scale = share * steps * (norm > encoding.clipNorm ? encoding.clipNorm / norm : 1);
  const vector = new Uint32Array(encodedWords(encoding));
  const words = signed(vector);
  vector[0] = weight;
  const take = keyStream(chance);
  for (let from = 0; from < update.length; from += CHUNK) {
    const random = take(Math.min(CHUNK, update.length - from));
    roundChunk(words, 1 + from, update, from, random, scale, share * steps * encoding.clip);
  }
  const limit = largestTotal(encoding);
  totals.forEach((total, at) => {
    if (!Number.isSafeInteger(total) || Math.abs(total) > limit) {
      throw new EngraftError("count-out-of-range", "A total does not fit the sum exactly.");
    }
    const high = Math.floor(total / LOW);
    words[1 + encoding.values + 2 * at] = high;
    words[2 + encoding.values + 2 * at] = total - high * LOW;
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

/**
 * Reads the sum of `count` vectors. `sum-out-of-range` where no honest inputs give it: the round fails and nobody can be
 * named, because the sum does not show who.
 */
export function decodeSum(encoding: Encoding, sum: Uint32Array, count: number): { readonly ok: true; readonly value: Decoded } | Refusal {
  checkEncoding(encoding);
  assert(count >= 1 && count <= encoding.sites, "a sum of so many sites cannot be");
  if (sum.length !== encodedWords(encoding)) return refuse("wrong-shape", "The sum does not have the plan's length.");
  const words = signed(sum);
  const totalWeight = words[0] as number;
  if (totalWeight < count || totalWeight > count * encoding.cap) {
    return refuse("sum-out-of-range", "The total weight cannot come from these sites: a site sent nonsense.");
  }
  const shares = totalWeight / encoding.cap;
  const factor = 1 / (stepsPerUnit(encoding) * shares);
  const mean = new Float64Array(encoding.values);
  let sumOfSquares = 0;
  for (let i = 0; i < mean.length; i++) {
    const value = (words[1 + i] as number) * factor;
    mean[i] = value;
    sumOfSquares += value * value;
  }
  // Each site's rounding moves a coordinate by less than a step; noise, where there is some, by its own bound.
  const slack = Math.sqrt(encoding.values) * (count + encoding.noise) * factor;
  if (Math.sqrt(sumOfSquares) > encoding.clipNorm * (1 + 1e-9) + slack) {
    return refuse("sum-out-of-range", "The mean is longer than the plan's clip: a site sent an update that was not clipped.");
  }
  const totals = Array.from(
    { length: encoding.totals },
    (_, at) => (words[1 + encoding.values + 2 * at] as number) * LOW + (words[2 + encoding.values + 2 * at] as number),
  );
  return { ok: true, value: { totalWeight, mean, totals } };
}
