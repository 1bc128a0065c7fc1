/**
 * How a vector's words travel. Masks are added mod 2^32 to every word; where a value has 20 bits only the low 20 of its word
 * leave, which is the same as masking mod 2^20. Eight such words fill five, the lowest bits first. Weight and totals keep
 * their 32 bits, so nothing exact can wrap.
 */
import { assert } from "../base/errors.ts";
import { addVector, signed } from "../crypto/mask.ts";
import { GROUP, PACKED, packedLength } from "./blocks.ts";

export const NARROW_BITS = 20;
const LOW = 2 ** NARROW_BITS - 1;
/** Words of a vector in their order: whole ones, narrow ones (a multiple of 8), whole ones again. */
export interface Layout {
  readonly front: number;
  readonly narrow: number;
  readonly back: number;
}

/** Words of the vector. */
export const layoutWords = ({ front, narrow, back }: Layout): number => front + narrow + back;
/** 32-bit words that travel for it. */
export const packedWords = ({ front, narrow, back }: Layout): number => front + packedLength(narrow) + back;

function packGroups(into: Uint32Array, words: Uint32Array): void {
  for (let i = 0, at = 0; i < words.length; i += GROUP, at += PACKED) {
    const b = (words[i + 1] as number) & LOW;
    const d = (words[i + 3] as number) & LOW;
    const e = (words[i + 4] as number) & LOW;
    const g = (words[i + 6] as number) & LOW;
    into[at] = ((words[i] as number) & LOW) | (b << 20);
    into[at + 1] = (b >>> 12) | (((words[i + 2] as number) & LOW) << 8) | (d << 28);
    into[at + 2] = (d >>> 4) | (e << 16);
    into[at + 3] = (e >>> 16) | (((words[i + 5] as number) & LOW) << 4) | (g << 24);
    into[at + 4] = (g >>> 8) | ((words[i + 7] as number) << 12);
  }
}

function addGroups(sum: Int32Array, packed: Int32Array): void {
  for (let i = 0, at = 0; i < sum.length; i += GROUP, at += PACKED) {
    const v = packed[at] as number;
    const w = packed[at + 1] as number;
    const x = packed[at + 2] as number;
    const y = packed[at + 3] as number;
    const z = packed[at + 4] as number;
    sum[i] = ((sum[i] as number) + (v & LOW)) | 0;
    sum[i + 1] = ((sum[i + 1] as number) + ((v >>> 20) | ((w & 0xff) << 12))) | 0;
    sum[i + 2] = ((sum[i + 2] as number) + ((w >>> 8) & LOW)) | 0;
    sum[i + 3] = ((sum[i + 3] as number) + ((w >>> 28) | ((x & 0xffff) << 4))) | 0;
    sum[i + 4] = ((sum[i + 4] as number) + ((x >>> 16) | ((y & 0xf) << 16))) | 0;
    sum[i + 5] = ((sum[i + 5] as number) + ((y >>> 4) & LOW)) | 0;
    sum[i + 6] = ((sum[i + 6] as number) + ((y >>> 24) | ((z & 0xfff) << 8))) | 0;
    sum[i + 7] = ((sum[i + 7] as number) + (z >>> 12)) | 0;
  }
}

/** A vector as it travels; the vector itself where it has no narrow words. */
export function pack(layout: Layout, vector: Uint32Array): Uint32Array {
  const { front, narrow, back } = layout;
  assert(vector.length === layoutWords(layout) && narrow % GROUP === 0, "the vector has another layout");
  if (narrow === 0) return vector;
  const packed = new Uint32Array(packedWords(layout));
  packed.set(vector.subarray(0, front));
  packGroups(packed.subarray(front, packed.length - back), vector.subarray(front, front + narrow));
  packed.set(vector.subarray(front + narrow), packed.length - back);
  return packed;
}

/** A piece of a packed vector: its words there, and where in the vector they belong. */
export interface Slice {
  readonly from: number;
  readonly words: number;
  readonly into: number;
  readonly narrow: boolean;
}

/** The whole of a packed vector in slices of at most `most` words. */
export function* slicesOf({ front, narrow, back }: Layout, most: number): Generator<Slice> {
  const step = most - (most % PACKED);
  assert(step > 0, "the slices are too small");
  const packed = (narrow / GROUP) * PACKED;
  for (let at = 0; at < front; at += most) yield { from: at, words: Math.min(most, front - at), into: at, narrow: false };
  for (let at = 0; at < packed; at += step) {
    yield { from: front + at, words: Math.min(step, packed - at), into: front + (at / PACKED) * GROUP, narrow: true };
  }
  for (let at = 0; at < back; at += most) {
    yield { from: front + packed + at, words: Math.min(most, back - at), into: front + narrow + at, narrow: false };
  }
}

/** Adds a slice of a packed vector to the sum's words, mod 2^32; of a narrow word only the low 20 bits mean something. */
export function addSlice(sum: Uint32Array, { words, into, narrow }: Slice, packed: Uint32Array): void {
  assert(packed.length === words, "the slice has another length");
  if (!narrow) return addVector(sum.subarray(into, into + words), packed);
  addGroups(signed(sum.subarray(into, into + (words / PACKED) * GROUP)), signed(packed));
}
