import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combineShares, splitSecret, type Share } from "./shamir.ts";

/** Multiplication in GF(256) bit by bit, after FIPS 197, section 4.2: shares no table with the product. */
function slowTimes(a: number, b: number): number {
  let [product, x] = [0, a];
  for (let rest = b; rest > 0; rest >>= 1) {
    if (rest & 1) product ^= x;
    x = (x << 1) ^ (x & 128 ? 0x11b : 0);
  }
  return product;
}
const slowPower = (a: number, exponent: number): number => Array.from({ length: exponent }).reduce<number>((sum) => slowTimes(sum, a), 1);

const sharing = fc
  .record({ threshold: fc.integer({ min: 2, max: 12 }), more: fc.integer({ min: 0, max: 12 }), bytes: fc.integer({ min: 1, max: 33 }) })
  .chain(({ threshold, more, bytes }) =>
    fc.record({
      threshold: fc.constant(threshold),
      count: fc.constant(threshold + more),
      secret: fc.uint8Array({ minLength: bytes, maxLength: bytes }),
      coefficients: fc.uint8Array({ minLength: bytes * (threshold - 1), maxLength: bytes * (threshold - 1) }),
      pick: fc.shuffledSubarray(
        Array.from({ length: threshold + more }, (_, at) => at),
        { minLength: threshold },
      ),
    }),
  );

describe("Shamir's shares", () => {
  it("[K5] give the secret back from any t of them", () => {
    fc.assert(
      fc.property(sharing, ({ threshold, count, secret, coefficients, pick }) => {
        const shares = splitSecret(secret, threshold, count, coefficients);
        expect(combineShares(pick.map((at) => shares[at] as Share))).toEqual(secret);
      }),
    );
  });

  it("[K5] are the polynomial's values by an independent field arithmetic", () => {
    fc.assert(
      fc.property(sharing, ({ threshold, count, secret, coefficients }) => {
        for (const { x, bytes } of splitSecret(secret, threshold, count, coefficients)) {
          const expected = secret.map((constant, i) =>
            Array.from({ length: threshold - 1 }, (_, power) => power).reduce(
              (sum, power) => sum ^ slowTimes(coefficients[power * secret.length + i] ?? 0, slowPower(x, power + 1)),
              constant,
            ),
          );
          expect(bytes).toEqual(expected);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("[K5] t - 1 of them go with every secret: for each there is one more share that completes it", () => {
    const shares = splitSecret(Uint8Array.of(77), 3, 5, Uint8Array.of(5, 200)).slice(0, 2);
    const secrets = new Set(Array.from({ length: 256 }, (_, byte) => combineShares([...shares, { x: 3, bytes: Uint8Array.of(byte) }])[0]));
    expect(secrets.size).toBe(256);
  });

  it("combine those that the audited package shamir-secret-sharing 0.0.4 dealt (made once; its x is the last byte)", () => {
    const dealt = DEALT.map((hex) => Buffer.from(hex, "hex")).map((share) => ({
      x: share.at(-1) ?? 0,
      bytes: new Uint8Array(share.subarray(0, -1)),
    }));
    for (const some of [dealt.slice(0, 3), dealt.slice(1, 4), dealt.slice(2)]) {
      expect(Buffer.from(combineShares(some)).toString("latin1")).toBe("thirty-two bytes of a known text");
    }
  });

  it("refuse a share that is there twice", () => {
    const [first] = splitSecret(Uint8Array.of(1), 2, 2, Uint8Array.of(9)) as [Share];
    expect(() => combineShares([first, first])).toThrow("one share twice");
  });
});

const DEALT = [
  "5fd0f9a68b6a85e0d2bc2e25041bc4a1ac65608e2396600bb99365bc2650f30f0a",
  "b7249aabd290f92162ef1378191e83e003fbaf2d70a85400a59f144f5b3c9a2fec",
  "f203d6c62bd292cc81fe6631cb898661e910b084a7d002134cead8235103800bc1",
  "3d882544baffaf515811ad633683871c4c6afbad70f367f29ec25497b48f7b509f",
  "4de13c123ecc4d98aa0b99d680201c786f96557af9be2782fa96362a7feefb204f",
];
