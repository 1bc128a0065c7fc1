import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64url, fromHex, toBase64url, toHex } from "../base/bytes.ts";
import type { PublicKey } from "../base/ids.ts";
import { fingerprint, fingerprintWords, identityFromSeed, signBytes, signStatement, verifyBytes } from "./identity.ts";

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();

/** RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
const VECTORS = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    sig: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    sig: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    key: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    sig: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
  {
    seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    key: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    message:
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    sig: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  },
];

describe("Ed25519", () => {
  it.each(VECTORS)("[E5] signs and verifies RFC 8032's vector for key $key", ({ seed, key, message, sig }) => {
    const identity = identityFromSeed(hex(seed));
    expect(identity.publicKey).toBe(toBase64url(hex(key)));
    for (const sign of [signBytes, signStatement]) expect(toHex(fromBase64url(sign(identity, hex(message))) ?? new Uint8Array())).toBe(sig);
    expect(verifyBytes(identity.publicKey, hex(message), toBase64url(hex(sig)))).toBe(true);
  });

  it("[E5] refuses a signature whose scalar is not reduced (the same signature plus the group order)", () => {
    const { key, message, sig } = VECTORS[1] as (typeof VECTORS)[number];
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const bytes = hex(sig);
    let scalar = bytes.slice(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order;
    for (let i = 32; i < 64; i++, scalar >>= 8n) bytes[i] = Number(scalar & 255n);
    expect(verifyBytes(toBase64url(hex(key)) as PublicKey, hex(message), toBase64url(bytes))).toBe(false);
  });

  it("[E5] answers false, never an exception, for malformed keys and signatures", () => {
    const good = signBytes(identityFromSeed(new Uint8Array(32)), Uint8Array.of(1));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.uint8Array({ maxLength: 40 }).map(toBase64url),
          fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64url),
        ),
        fc.oneof(fc.string(), fc.constant(good), fc.uint8Array({ minLength: 64, maxLength: 64 }).map(toBase64url)),
        (key, sig) => {
          expect(verifyBytes(key as PublicKey, Uint8Array.of(1), sig)).toBe(false);
        },
      ),
    );
  });
});

describe("fingerprints", () => {
  it("are the SHA-256 of the raw key, read as eight words", () => {
    const key = toBase64url(hex(VECTORS[0]?.key ?? "")) as PublicKey;
    expect(fingerprint(key)).toBe("21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
    expect(fingerprintWords(key)).toHaveLength(8);
  });
});
