import { describe, expect, it } from "vitest";
import { fromBase64url } from "../base/bytes.ts";
import { isIdentityKey } from "./edwards.ts";
import { identityFromSeed } from "./identity.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("an identity key", () => {
  it("is every key that a site makes", () => {
    for (let at = 0; at < 8; at++) {
      const { publicKey } = identityFromSeed(new Uint8Array(32).fill(at));
      expect(isIdentityKey(fromBase64url(publicKey) ?? new Uint8Array())).toBe(true);
    }
  });

  it("[K1] is none of the points of small order, in whatever encoding", () => {
    const small = [
      `01${"00".repeat(31)}`,
      `ec${"ff".repeat(30)}7f`,
      "00".repeat(32),
      `${"00".repeat(31)}80`,
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      `01${"00".repeat(30)}80`,
      `ee${"ff".repeat(30)}7f`,
    ];
    for (const text of small) expect(isIdentityKey(hex(text))).toBe(false);
  });

  it("[K1] is no point of mixed order, no point off the curve, no other length", () => {
    // The negative of a prime-order point's y is the same point plus the point of order two, up to sign: mixed order.
    const good = fromBase64url(identityFromSeed(new Uint8Array(32).fill(3)).publicKey) ?? new Uint8Array();
    const whole = good.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    let mixed = 2n ** 255n - 19n - (whole & (2n ** 255n - 1n));
    const bytes = Uint8Array.from({ length: 32 }, () => {
      const byte = Number(mixed & 255n);
      mixed >>= 8n;
      return byte;
    });
    expect(isIdentityKey(bytes)).toBe(false);
    expect(isIdentityKey(hex(`02${"00".repeat(31)}`))).toBe(false);
    expect(isIdentityKey(good.subarray(1))).toBe(false);
    expect(isIdentityKey(new Uint8Array())).toBe(false);
  });
});
