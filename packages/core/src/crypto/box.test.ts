import { createCipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import nacl from "tweetnacl";
import { describe, expect, it } from "vitest";
import { openBox, openInPlace, sealBox, sealedPieces } from "./box.ts";
import { agree, agreementKey, agreementPublic, deriveKey, isAgreementKey } from "./x25519.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("key agreement", () => {
  it("gives what tweetnacl gives, from both sides", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (a, b) => {
        const [mine, theirs] = [agreementKey(a), agreementKey(b)];
        expect(agreementPublic(mine)).toEqual(nacl.scalarMult.base(a));
        expect(agree(mine, agreementPublic(theirs))).toEqual(Buffer.from(nacl.scalarMult(b, agreementPublic(mine))));
        expect(agree(theirs, agreementPublic(mine))).toEqual(agree(mine, agreementPublic(theirs)));
      }),
      { numRuns: 30 },
    );
  });

  it("takes no key of small order, of another encoding or another length", () => {
    const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
    const weak = [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      `ec${"ff".repeat(30)}7f`,
    ];
    for (const text of weak) expect(isAgreementKey(hex(text))).toBe(false);
    // 9 is the base point; 9 + p does not fit 255 bits with 9 kept, but p + 9 = 2^255 - 10 does.
    expect(isAgreementKey(hex(`09${"00".repeat(31)}`))).toBe(true);
    expect(isAgreementKey(hex(`f6${"ff".repeat(30)}7f`))).toBe(false);
    expect(isAgreementKey(hex(`09${"00".repeat(30)}80`))).toBe(false);
    expect(isAgreementKey(hex("09"))).toBe(false);
  });

  it("derives keys by HKDF-SHA256 as RFC 5869 writes it", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), fc.uint8Array({ maxLength: 20 }), (secret, salt, info) => {
        const extracted = createHmac("sha256", salt).update(secret).digest();
        const expanded = createHmac("sha256", extracted).update(info).update(Uint8Array.of(1)).digest();
        expect(deriveKey(secret, salt, info)).toEqual(new Uint8Array(expanded));
      }),
    );
  });
});

describe("boxes", () => {
  const [key, nonce, bound] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), Uint8Array.of(3)];

  it("agree with test case 14 of the GCM specification (McGrew and Viega)", () => {
    const box = sealBox(new Uint8Array(32), new Uint8Array(12), new Uint8Array(), new Uint8Array(16));
    expect(Buffer.from(box.subarray(12)).toString("hex")).toBe("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  });

  it("open to what was sealed, and not at all with one flipped bit", () => {
    const box = sealBox(key, nonce, bound, new Uint8Array(64).fill(9));
    expect(openBox(key, bound, box)).toEqual(new Uint8Array(64).fill(9));
    for (let bit = 0; bit < box.length * 8; bit++) {
      const changed = Uint8Array.from(box);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(openBox(key, bound, changed)).toBeUndefined();
    }
    expect(openBox(key, Uint8Array.of(4), box)).toBeUndefined();
    expect(openBox(new Uint8Array(32), bound, box)).toBeUndefined();
    expect(openBox(key, bound, box.subarray(0, 20))).toBeUndefined();
  });
  it("of any length are one encryption, whether whole, in pieces or opened where they lie", () => {
    for (const length of [0, 1, 65_535, 65_536, 65_537, 200_001]) {
      const content = Uint8Array.from({ length }, (_, at) => at * 7);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound);
      const whole = Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
      const box = sealBox(key, nonce, bound, content);
      expect(whole.equals(box)).toBe(true);
      expect(whole.equals(Buffer.concat([...sealedPieces(key, nonce, bound, content)]))).toBe(true);
      expect(Buffer.from(content).equals(openBox(key, bound, box) ?? Buffer.of(1))).toBe(true);
      const opened = openInPlace(key, bound, box);
      expect(Buffer.from(content).equals(opened ?? Buffer.of(1))).toBe(true);
      expect(opened?.buffer).toBe(box.buffer);
    }
  });

  it("that are not authentic leave nothing readable where they lay", () => {
    const box = sealBox(key, nonce, bound, new Uint8Array(100_000).fill(9));
    box[70_000] = (box[70_000] ?? 0) ^ 1;
    expect(openInPlace(key, bound, box)).toBeUndefined();
    expect(box.subarray(12, -16).every((byte) => byte === 0)).toBe(true);
    expect(openInPlace(key, bound, box.subarray(0, 20))).toBeUndefined();
  });
});
