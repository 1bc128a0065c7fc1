/**
 * Shamir's secret sharing (1979), byte by byte over GF(256) with the polynomial of AES (x^8 + x^4 + x^3 + x + 1). Share
 * number i is the polynomial at x = i, so a share's place cannot be chosen by its holder. Any t shares give the secret,
 * t - 1 say nothing about it. Shares carry no check: whoever combines them must check the result.
 */
import { assert } from "../base/errors.ts";

/** Powers and logarithms of the generator 3; EXP is doubled, so that a sum of two logarithms needs no modulo. */
const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value ^= (value << 1) ^ (value & 128 ? 0x11b : 0);
}

const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : (EXP[(LOG[a] as number) + (LOG[b] as number)] as number));
const over = (a: number, b: number): number => (a === 0 ? 0 : (EXP[(LOG[a] as number) + 255 - (LOG[b] as number)] as number));

/** One share: the polynomials of all bytes at `x`, 1 to 255. */
export interface Share {
  readonly x: number;
  readonly bytes: Uint8Array;
}

/**
 * `count` shares of `secret`, of which any `threshold` give it back. `coefficients` are (threshold - 1) x secret.length
 * fresh random bytes; zero is allowed among them, or the shares would tell something.
 */
export function splitSecret(secret: Uint8Array, threshold: number, count: number, coefficients: Uint8Array): readonly Share[] {
  assert(threshold >= 2 && threshold <= count && count <= 255, "no such sharing");
  assert(coefficients.length === (threshold - 1) * secret.length, "wrong number of random bytes");
  return Array.from({ length: count }, (_, at) => {
    const x = at + 1;
    const bytes = new Uint8Array(secret.length);
    for (let power = threshold - 2; power >= 0; power--) {
      for (let i = 0; i < bytes.length; i++) {
        bytes[i] = times((bytes[i] as number) ^ (coefficients[power * secret.length + i] as number), x);
      }
    }
    for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (secret[i] as number);
    return { x, bytes };
  });
}

/** Lagrange's interpolation at 0 through exactly these shares: the secret where they are enough and right, else anything. */
export function combineShares(shares: readonly Share[]): Uint8Array {
  const length = shares[0]?.bytes.length ?? 0;
  assert(new Set(shares.map(({ x }) => x)).size === shares.length, "one share twice");
  assert(
    shares.every(({ x, bytes }) => x >= 1 && x <= 255 && bytes.length === length),
    "shares of different secrets",
  );
  const secret = new Uint8Array(length);
  for (const { x, bytes } of shares) {
    const weight = shares.reduce((product, other) => (other.x === x ? product : times(product, over(other.x, other.x ^ x))), 1);
    for (let i = 0; i < length; i++) secret[i] = (secret[i] as number) ^ times(weight, bytes[i] as number);
  }
  return secret;
}
