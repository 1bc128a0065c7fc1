import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, float32Bytes, fromBase64url, fromHex, lengthPrefixed, toBase64url, toFloat32, toHex } from "./bytes.ts";

const bytes = fc.uint8Array({ maxLength: 64 });

describe("encodings", () => {
  it("read back what they wrote", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(value);
        expect(fromBase64url(toBase64url(value))).toEqual(value);
      }),
    );
  });

  it("read only the one text that they would write", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const hex = fromHex(text);
        const base64 = fromBase64url(text);
        if (hex !== undefined) expect(toHex(hex)).toBe(text);
        if (base64 !== undefined) expect(toBase64url(base64)).toBe(text);
      }),
    );
    expect(fromHex("AB")).toBeUndefined();
    expect(fromHex("abc")).toBeUndefined();
    expect(fromBase64url("ab=")).toBeUndefined();
    expect(fromBase64url("a")).toBeUndefined();
    // The last character has bits that no byte holds.
    expect(fromBase64url("AB")).toBeUndefined();
  });

  it("give no two lists of parts the same length-prefixed bytes", () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 6, max: 2 }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.length === b.length && a.every((part, index) => toHex(part) === toHex(b[index] ?? new Uint8Array()));
        expect(toHex(lengthPrefixed(a)) === toHex(lengthPrefixed(b))).toBe(same);
      }),
    );
  });

  it("join parts in order", () => {
    expect(concat([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)])).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("float32 vectors", () => {
  it("survive at any offset of a buffer, bit for bit", () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 20 }), fc.nat(7), (values, offset) => {
        const buffer = concat([new Uint8Array(offset), float32Bytes(values)]);
        const read = toFloat32(buffer.subarray(offset));
        expect(toHex(float32Bytes(read))).toBe(toHex(float32Bytes(values)));
      }),
    );
  });
});
