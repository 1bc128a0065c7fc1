import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addVector, applyMask, keyStream } from "./mask.ts";

const key = Uint8Array.from({ length: 32 }, (_, at) => at * 7);

/** A word of the stream by single blocks: AES of the counter, as NIST SP 800-38A defines CTR. */
function slowWord(place: number): number {
  const block = new Uint8Array(16);
  new DataView(block.buffer).setUint32(12, Math.floor(place / 4));
  const cipher = createCipheriv("aes-256-ecb", key, null);
  return cipher.update(block).readUInt32LE(4 * (place % 4));
}

describe("masks", () => {
  it("are the key stream of AES-256-CTR from counter 0, word by word", () => {
    const words = new Uint32Array(40);
    applyMask(words, key, 1);
    expect([...words]).toEqual(Array.from(words, (_, place) => slowWord(place)));
  });

  it("[K7] give a slice the same words wherever the vector is cut", () => {
    const whole = new Uint32Array(40_000);
    applyMask(whole, key, 1);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 39_999 }), fc.integer({ min: 0, max: 40_000 }), (start, length) => {
        const slice = new Uint32Array(Math.min(length, whole.length - start));
        applyMask(slice, key, 1, start);
        expect(slice).toEqual(whole.slice(start, start + slice.length));
      }),
      { numRuns: 50 },
    );
  });

  it("are taken off again to the last bit, also in a view that starts inside its buffer", () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 70 }), (values) => {
        const vector = new Uint32Array([1, ...values]).subarray(1);
        applyMask(vector, key, 1);
        applyMask(vector, key, -1);
        expect([...vector]).toEqual([...values]);
      }),
    );
  });

  it("add mod 2^32", () => {
    const sum = Uint32Array.of(0xffffffff, 5, 0x80000000, 1, 7);
    addVector(sum, Uint32Array.of(1, 6, 0x80000000, 0xffffffff, 8));
    expect([...sum]).toEqual([0, 11, 0, 0, 15]);
    expect(() => addVector(sum, new Uint32Array(4))).toThrow("different lengths");
  });

  it("come a chunk at a time", () => {
    expect(() => keyStream(key)(16_385)).toThrow("too many words");
  });
});
