/** Canonical JSON (RFC 8785), so that equal data has equal bytes and one digest. */
import canonicalize from "canonicalize";
import { EngraftError } from "./errors.ts";

/** The one JSON text of `value`. Throws `bad-input` where JSON cannot hold it (NaN, infinity, undefined at the top). */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = (canonicalize as unknown as (input: unknown) => string | undefined)(value);
  } catch (cause) {
    throw new EngraftError("bad-input", "The value has no canonical JSON form.", { cause });
  }
  if (text === undefined) throw new EngraftError("bad-input", "The value has no canonical JSON form.");
  return text;
}
