import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blob, decode, digest, fixed, list, name, record, u16, u32, u8 } from "./binary.ts";
import type { Digest } from "./ids.ts";

const codec = record({ a: u8, b: u16, c: u32, who: name, sum: digest, four: fixed(4), rest: blob, many: list(record({ x: u8, y: blob })) });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const values = fc.record({
  a: fc.integer({ min: 0, max: 255 }),
  b: fc.integer({ min: 0, max: 65_535 }),
  c: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  who: fc.stringMatching(/^[ -~]{1,40}$/),
  sum: bytes(32).map((one) => Buffer.from(one).toString("hex") as Digest),
  four: bytes(4),
  rest: fc.uint8Array({ maxLength: 20 }),
  many: fc.array(fc.record({ x: fc.integer({ min: 0, max: 255 }), y: fc.uint8Array({ maxLength: 5 }) }), { maxLength: 4 }),
});

describe("the binary encoding", () => {
  it("[K9] gives back what was written, and takes neither more bytes nor fewer", () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ minLength: 1, maxLength: 3 }), (value, more) => {
        const written = codec.write(value);
        expect(decode(codec, written)).toEqual(value);
        expect(decode(codec, Uint8Array.from([...written, ...more]))).toBeUndefined();
        expect(decode(codec, written.subarray(0, -1))).toBeUndefined();
      }),
    );
  });

  it("[K9] whatever bytes decode are exactly the encoding of what they decode to", () => {
    const small = record({ who: name, many: list(u8) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (some) => {
        const value = decode(small, some);
        if (value !== undefined) expect(small.write(value)).toEqual(some);
      }),
    );
  });

  it("writes no value that does not fit its field", () => {
    expect(() => u8.write(256)).toThrow("does not fit");
    expect(() => u16.write(0.5)).toThrow("does not fit");
    expect(() => fixed(2).write(Uint8Array.of(1))).toThrow("wrong number");
    expect(() => name.write("Zürich")).toThrow("ASCII");
    expect(() => name.write("")).toThrow("ASCII");
  });
});
