/** Hostile variations of valid input: of bytes, of text, and of JSON values. All chance comes from the given numbers. */

export type Numbers = () => number;

export const below = (random: Numbers, limit: number): number => Math.floor(random() * limit);
export const pick = <T>(random: Numbers, list: readonly T[]): T => list[below(random, list.length)] as T;

/** Put into mutated values; no refusal may repeat it. */
export const CANARY = "canary-7391";

/** Stands for arrays nested without end until there is text: JSON.stringify itself would overflow on the real thing. */
const NESTED = "@nested@";
const textOf = (value: unknown): string => JSON.stringify(value).replaceAll(`"${NESTED}"`, "[".repeat(20_000) + "]".repeat(20_000));

const HOSTILE_JSON: readonly (() => unknown)[] = [
  () => null,
  () => [],
  () => ({}),
  () => true,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => 0.1,
  () => CANARY,
  () => CANARY.repeat(500),
  () => "",
  () => "\u0000\ud800",
  () => "0".repeat(64),
  () => JSON.parse(`{"__proto__": {"ok": true}, "constructor": 1}`) as unknown,
  () => NESTED,
  () => Array.from({ length: 2000 }, (_, index) => index),
];

/** The value with one random place replaced, removed, repeated or joined by an unknown neighbour. */
export const mutateJson = (random: Numbers, value: unknown): unknown => JSON.parse(textOf(mutatePlace(random, value)));

function mutatePlace(random: Numbers, value: unknown): unknown {
  const descend = typeof value === "object" && value !== null && Object.keys(value).length > 0 && random() < 0.8;
  if (!descend) return pick(random, HOSTILE_JSON)();
  if (Array.isArray(value)) {
    const at = below(random, value.length);
    const dice = random();
    if (dice < 0.1) return value.toSpliced(at, 1);
    if (dice < 0.2) return [...value, ...value];
    return value.with(at, mutatePlace(random, value[at]));
  }
  const entries = Object.entries(value);
  const [key, inner] = pick(random, entries);
  const dice = random();
  if (dice < 0.1) return Object.fromEntries(entries.filter(([other]) => other !== key));
  if (dice < 0.2) return { ...value, [pick(random, ["unknown", "toString", "__proto__x", ""])]: inner };
  return { ...value, [key]: mutatePlace(random, inner) };
}

/** The bytes with a few random changes: flipped, cut, repeated, or overwritten with extremes. */
export function mutateBytes(random: Numbers, bytes: Uint8Array): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let change = below(random, 4); change >= 0; change--) {
    const at = below(random, out.length + 1);
    const length = 1 + below(random, pick(random, [1, 8, 200]));
    const dice = random();
    if (dice < 0.4 && at < out.length) out[at] = (out[at] ?? 0) ^ (1 << below(random, 8));
    else if (dice < 0.55) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
    else if (dice < 0.7) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at, at + length), ...out.subarray(at)]);
    else if (dice < 0.85) out.fill(pick(random, [0, 255, 0x7b, 0x22, 0x0a, 0x2c]), at, at + length);
    else out = Uint8Array.from([...out.subarray(0, at), ...randomBytes(random, length), ...out.subarray(at)]);
  }
  return out;
}

export const randomBytes = (random: Numbers, length: number): Uint8Array => Uint8Array.from({ length }, () => below(random, 256));

export function mutateText(random: Numbers, text: string): string {
  if (random() < 0.1) return new TextDecoder().decode(randomBytes(random, below(random, 300)));
  return new TextDecoder().decode(mutateBytes(random, new TextEncoder().encode(text)));
}

/** JSON text broken as JSON or as data; sometimes left whole. */
export function mutateJsonText(random: Numbers, value: unknown): string {
  const dice = random();
  if (dice < 0.02) return JSON.stringify(value);
  if (dice < 0.6) return textOf(mutatePlace(random, value));
  return mutateText(random, JSON.stringify(value));
}
