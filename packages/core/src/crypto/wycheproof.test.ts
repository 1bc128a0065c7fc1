/** Project Wycheproof's cases through the product's own functions: a wrong option to a library shows here. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromHex, toBase64url, toHex } from "../base/bytes.ts";
import type { PublicKey } from "../base/ids.ts";
import { openBox, sealBox } from "./box.ts";
import { isIdentityKey } from "./edwards.ts";
import { verifyBytes } from "./identity.ts";
import { agree, agreementKey, deriveKey, isAgreementKey } from "./x25519.ts";

type Row<Hex extends string> = readonly [tcId: number, result: "valid" | "invalid" | "acceptable", flags: readonly string[], ...Hex[]];

const file = new URL("../../../../test/vectors/wycheproof.json", import.meta.url);
const { ed25519, x25519, aesGcm, hkdfSha256 } = JSON.parse(readFileSync(file, "utf8")) as {
  readonly [K in "ed25519" | "x25519" | "aesGcm" | "hkdfSha256"]: readonly Row<string>[];
};

const bytes = (hex: string | undefined): Uint8Array => fromHex(hex ?? "") ?? new Uint8Array();
/** What the product makes of every case, beside what it should: one comparison names all cases that differ. */
const judged = <T>(rows: readonly Row<string>[], judge: (...hex: string[]) => T, due: (row: Row<string>) => T) => ({
  found: rows.map(([id, , , ...hex]) => ({ id, is: judge(...hex) })),
  due: rows.map((row) => ({ id: row[0], is: due(row) })),
});

describe("Ed25519, Wycheproof", () => {
  it("[K1] a signature counts only where it is valid and its key may be enrolled", () => {
    const { found, due } = judged(
      ed25519,
      (key, message, signature) =>
        isIdentityKey(bytes(key)) && verifyBytes(toBase64url(bytes(key)) as PublicKey, bytes(message), toBase64url(bytes(signature))),
      ([, result]) => result === "valid",
    );
    expect(found).toEqual(due);
    expect(found.filter(({ is }) => is)).toHaveLength(117);
  });

  it("[E5] the verifier alone refuses every invalid signature, and takes the valid ones", () => {
    const sure = ed25519.filter(([, result]) => result !== "acceptable");
    const { found, due } = judged(
      sure,
      (key, message, signature) => verifyBytes(toBase64url(bytes(key)) as PublicKey, bytes(message), toBase64url(bytes(signature))),
      ([, result]) => result === "valid",
    );
    expect(found).toEqual(due);
  });

  it("[K1] keys of small and of mixed order are not enrolled, whatever their signature", () => {
    const weak = ed25519.filter(([, , flags]) => flags.some((flag) => flag === "SmallOrderPublicKey" || flag === "MixedOrderPublicKey"));
    expect(weak).toHaveLength(30);
    for (const [id, , , key] of weak) expect({ id, enrolled: isIdentityKey(bytes(key)) }).toEqual({ id, enrolled: false });
  });
});

describe("X25519, Wycheproof", () => {
  it("[K4] gives the shared secret, and none where it would be zero", () => {
    const { found, due } = judged(
      x25519,
      (theirs, mine) => {
        const shared = agree(agreementKey(bytes(mine)), bytes(theirs));
        return shared === undefined ? "none" : toHex(shared);
      },
      ([, , , , , shared]) => (shared === "00".repeat(32) ? "none" : (shared ?? "")),
    );
    expect(found).toEqual(due);
    expect(found.filter(({ is }) => is === "none")).toHaveLength(31);
  });

  it("[K4] takes a key into a roster exactly where it has its one encoding and a large order", () => {
    const p = 2n ** 255n - 19n;
    const number = (hex: string): bigint => bytes(hex).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const { found, due } = judged(
      x25519,
      (theirs) => isAgreementKey(bytes(theirs)),
      ([, , flags, theirs]) => number(theirs ?? "") < p && !flags.includes("LowOrderPublic"),
    );
    expect(found).toEqual(due);
    const odd = x25519.filter(([, , flags]) => flags.includes("NonCanonicalPublic"));
    expect(odd).toHaveLength(19);
    for (const [id, , , theirs] of odd) expect({ id, taken: isAgreementKey(bytes(theirs)) }).toEqual({ id, taken: false });
  });
});

describe("AES-256-GCM, Wycheproof", () => {
  it("[K6] opens what is valid and nothing else", () => {
    const { found, due } = judged(
      aesGcm,
      (key, nonce, bound, _content, text, tag) => {
        const content = openBox(bytes(key), bytes(bound), bytes(`${nonce}${text}${tag}`));
        return content === undefined ? "none" : toHex(content);
      },
      ([, result, , , , , content]) => (result === "valid" ? (content ?? "") : "none"),
    );
    expect(found).toEqual(due);
    expect(found.filter(({ is }) => is === "none").length).toBeGreaterThan(20);
  });

  it("[K6] seals to the same bytes", () => {
    const { found, due } = judged(
      aesGcm.filter(([, result]) => result === "valid"),
      (key, nonce, bound, content) => toHex(sealBox(bytes(key), bytes(nonce), bytes(bound), bytes(content))),
      ([, , , , nonce, , , text, tag]) => `${nonce}${text}${tag}`,
    );
    expect(found).toEqual(due);
  });
});

describe("HKDF-SHA256, Wycheproof", () => {
  it("[K3] derives the first 32 bytes", () => {
    const { found, due } = judged(
      hkdfSha256,
      (secret, salt, info) => toHex(deriveKey(bytes(secret), bytes(salt), bytes(info))),
      ([, , , , , , derived]) => derived ?? "",
    );
    expect(found).toEqual(due);
  });
});
