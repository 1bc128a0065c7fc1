/** A hash chain over audit entries: altering, removing or inserting one breaks every later hash. */
import { canonicalJson } from "../base/canonical.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";

export interface AuditEntry {
  readonly at: number;
  /** Who: `admin:<email>`, `operator`, `site:<name>` or `coordinator`. */
  readonly actor: string;
  /** What, a constant name such as `invite.created` or `update.refused`. */
  readonly action: string;
  /** To what: a site, plan digest or run. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export const CHAIN_START = "0".repeat(64) as Digest;

/** Hash of an entry that follows one with hash `previous`. */
export const chainHash = (previous: Digest, entry: AuditEntry): Digest => sha256(`${previous}\n${canonicalJson(entry)}`);

/** Index of the first entry that does not follow from the one before it; undefined where the chain holds. */
export function firstBrokenLink(
  entries: readonly (AuditEntry & { readonly hash: string })[],
  start: Digest = CHAIN_START,
): number | undefined {
  let previous = start;
  for (const [index, { hash, ...entry }] of entries.entries()) {
    if (chainHash(previous, entry) !== hash) return index;
    previous = hash as Digest;
  }
  return undefined;
}
