/**
 * Masks: the key stream of AES-256-CTR (NIST SP 800-38A) with counter 0, read as little-endian 32-bit words, one word
 * per value. A key makes one stream only; a slice of a vector takes the same words from it wherever the slices are cut.
 *
 * Chunks of 64 KiB stay in the processor's cache (one call for 40 MB takes twice as long), and the kernels are functions
 * on Int32Array because V8 keeps unsigned words above 2^31 as floating-point numbers.
 */
import { createCipheriv } from "node:crypto";
import { assert } from "../base/errors.ts";

// Typed arrays have the byte order of the machine; the wire's is little-endian.
assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, "this machine is big-endian and cannot take part");

const CHUNK_WORDS = 16_384;
const ZEROS = new Uint8Array(4 * CHUNK_WORDS);

/** Words that `keyStream` gives at once, and the array that holds them; valid until the next call. */
export type TakeWords = (count: number) => Int32Array;

/** The stream of `key` (32 bytes) from word `start`; each call gives the next `count` words, at most 16,384. */
export function keyStream(key: Uint8Array, start = 0): TakeWords {
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setUint32(12, Math.floor(start / 4));
  const cipher = createCipheriv("aes-256-ctr", key, counter);
  if (start % 4 > 0) cipher.update(ZEROS.subarray(0, 4 * (start % 4)));
  return (count) => {
    assert(count <= CHUNK_WORDS, "too many words at once");
    const bytes = cipher.update(ZEROS.subarray(0, 4 * count));
    // Short buffers come from a pool and may start anywhere.
    return bytes.byteOffset % 4 === 0
      ? new Int32Array(bytes.buffer, bytes.byteOffset, count)
      : new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * count));
  };
}

function addWords(into: Int32Array, at: number, words: Int32Array): void {
  const end = words.length - (words.length % 4);
  let i = 0;
  for (; i < end; i += 4) {
    into[at + i] = ((into[at + i] as number) + (words[i] as number)) | 0;
    into[at + i + 1] = ((into[at + i + 1] as number) + (words[i + 1] as number)) | 0;
    into[at + i + 2] = ((into[at + i + 2] as number) + (words[i + 2] as number)) | 0;
    into[at + i + 3] = ((into[at + i + 3] as number) + (words[i + 3] as number)) | 0;
  }
  for (; i < words.length; i++) into[at + i] = ((into[at + i] as number) + (words[i] as number)) | 0;
}

function subtractWords(into: Int32Array, at: number, words: Int32Array): void {
  const end = words.length - (words.length % 4);
  let i = 0;
  for (; i < end; i += 4) {
    into[at + i] = ((into[at + i] as number) - (words[i] as number)) | 0;
    into[at + i + 1] = ((into[at + i + 1] as number) - (words[i + 1] as number)) | 0;
    into[at + i + 2] = ((into[at + i + 2] as number) - (words[i + 2] as number)) | 0;
    into[at + i + 3] = ((into[at + i + 3] as number) - (words[i + 3] as number)) | 0;
  }
  for (; i < words.length; i++) into[at + i] = ((into[at + i] as number) - (words[i] as number)) | 0;
}

/** The same words as signed ones (no copy). */
export const signed = (vector: Uint32Array): Int32Array => new Int32Array(vector.buffer, vector.byteOffset, vector.length);

/**
 * Adds (+1) or subtracts (-1) a key's stream, mod 2^32, in place. `start` is the place of `vector` in the whole vector,
 * in words, so that slices can be done apart.
 */
export function applyMask(vector: Uint32Array, key: Uint8Array, sign: 1 | -1, start = 0): void {
  const into = signed(vector);
  const take = keyStream(key, start);
  for (let at = 0; at < into.length; at += CHUNK_WORDS) {
    const words = take(Math.min(CHUNK_WORDS, into.length - at));
    if (sign === 1) addWords(into, at, words);
    else subtractWords(into, at, words);
  }
}

/** sum += vector, mod 2^32, in place. Both have the same length. */
export function addVector(sum: Uint32Array, vector: Uint32Array): void {
  assert(sum.length === vector.length, "vectors of different lengths");
  addWords(signed(sum), 0, signed(vector));
}
