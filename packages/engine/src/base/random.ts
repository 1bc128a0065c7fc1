/** Seeded random numbers: the same parts give the same sequence on every machine. Not for secrets. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { createHash } from "node:crypto";

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Uniform integer in [0, bound), unbiased; `bound` at most 2^32. */
  below(bound: number): number;
}

/** Generator sfc32 (Doty-Humphrey, PractRand), keyed with the first 128 bits of the SHA-256 of the parts' canonical JSON. */
export function randomFrom(parts: readonly (string | number)[]): Random {
  const key = createHash("sha256").update(canonicalJson(parts)).digest();
  let a = key.readUInt32LE(0) | 0;
  let b = key.readUInt32LE(4) | 0;
  let c = key.readUInt32LE(8) | 0;
  let counter = key.readUInt32LE(12) | 0;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  return {
    uniform: () => next() / 2 ** 32,
    below(bound) {
      const limit = 2 ** 32 - (2 ** 32 % bound);
      let value = next();
      while (value >= limit) value = next();
      // The shifts tell V8 that both are unsigned integers, whose remainder is far cheaper than that of floats.
      return bound < 2 ** 32 ? ((value >>> 0) % (bound >>> 0)) >>> 0 : value;
    },
  };
}

/** Fisher-Yates, in place. */
export function shuffle(values: Uint32Array, random: Random): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = values[i] as number;
    values[i] = values[j] as number;
    values[j] = kept;
  }
}
