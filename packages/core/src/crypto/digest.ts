import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical.ts";
import type { Digest } from "../base/ids.ts";

/** SHA-256 of exact bytes, or of a text's UTF-8 bytes. */
export const sha256 = (bytes: Uint8Array | string): Digest => createHash("sha256").update(bytes).digest("hex") as Digest;

/** Digest of a value's canonical JSON: equal data, equal digest. */
export const digestOf = (value: unknown): Digest => sha256(canonicalJson(value));
