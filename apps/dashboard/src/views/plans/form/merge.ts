/** Three versions of one JSON value brought together, so that a form changes what was typed and nothing else. Pure. */

/** Undefined means that there is no such value; JSON has none. */
type Json = unknown;

export const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Both as a form wrote them, so keys stand in the same order. NaN is JSON's null here, and no form writes null for a figure. */
const same = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * `source`, with what differs between `before` and `after`. Lists are one value. What neither of the two has, and what both
 * have alike, stays as it is in `source`: also a value that `before` could not show, or rounded.
 */
export function merged(before: Json, after: Json, source: Json): Json {
  if (isObject(before) && isObject(after) && isObject(source)) {
    const keys = new Set([...Object.keys(after), ...Object.keys(source)]);
    const entries = [...keys].map((key) => [key, merged(before[key], after[key], source[key])] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  return same(before, after) ? source : after;
}

export interface Difference {
  /** For example `data.minimum`. */
  readonly path: string;
  /** Undefined where `now` has no such value. */
  readonly value: Json;
}

/** Where `now` differs from `shown`, at the outermost key that only one of them has. */
export function differences(shown: Json, now: Json, path = ""): readonly Difference[] {
  if (isObject(shown) && isObject(now)) {
    const keys = new Set([...Object.keys(shown), ...Object.keys(now)]);
    return [...keys].flatMap((key) => differences(shown[key], now[key], path === "" ? key : `${path}.${key}`));
  }
  return sortedText(shown) === sortedText(now) ? [] : [{ path, value: now }];
}

/** Whatever the order in which keys were written. */
const sortedText = (value: Json): string | undefined =>
  JSON.stringify(value, (_, inner: Json) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
