import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "./bytes.ts";
import { digestWords } from "./words.ts";

describe("words of a digest", () => {
  it("are those of BIP-39's published vectors, bit by bit", () => {
    // BIP-39 test vectors: entropy 00.., 7f.. and 80.. (the last word of a mnemonic holds the checksum, so it is left out).
    expect(digestWords("00".repeat(16), 11)).toEqual(Array.from({ length: 11 }, () => "abandon"));
    expect(digestWords("7f".repeat(16), 11).join(" ")).toBe("legal winner thank year wave sausage worth useful legal winner thank");
    expect(digestWords("80".repeat(16), 11).join(" ")).toBe("letter advice cage absurd amount doctor acoustic avoid letter advice cage");
    expect(digestWords("ff".repeat(16), 11)).toEqual(Array.from({ length: 11 }, () => "zoo"));
  });

  it("differ wherever the first 88 bits differ", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(87), (bytes, bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (128 >> (bit & 7));
        expect(digestWords(toHex(flipped))).not.toEqual(digestWords(toHex(bytes)));
      }),
    );
  });

  it("are not made up where the digest is too short or not hex", () => {
    expect(() => digestWords("00".repeat(10), 8)).toThrow(RangeError);
    expect(() => digestWords("zz".repeat(32), 8)).toThrow(RangeError);
  });
});
