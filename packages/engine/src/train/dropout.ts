/** Which values a dropout layer drops: the same for every engine, so that all give the same losses. */
import { randomFrom } from "../base/random.ts";

/** `size` factors: 0 with probability `rate`, else 1 / (1 - rate). */
export function dropoutFactors(seed: readonly (string | number)[], size: number, rate: number): Float32Array {
  const random = randomFrom(seed);
  const kept = 1 / (1 - rate);
  const factors = new Float32Array(size);
  for (let at = 0; at < size; at++) factors[at] = random.uniform() < rate ? 0 : kept;
  return factors;
}
