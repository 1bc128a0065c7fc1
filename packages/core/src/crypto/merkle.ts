/**
 * A hash tree over a short list (RFC 6962's prefixes, so that no leaf passes for an inner point). Every leaf has the same
 * depth: the list is filled up with the digest of nothing, and the number of leaves is known to whoever checks a path.
 */
import { createHash } from "node:crypto";
import { concat, fromBase64url, fromHex, toBase64url, toHex } from "../base/bytes.ts";
import type { Digest } from "../base/ids.ts";

const hashOf = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};
const leafHash = (leaf: Uint8Array): Uint8Array => hashOf(Uint8Array.of(0), leaf);
const pairHash = (left: Uint8Array, right: Uint8Array): Uint8Array => hashOf(Uint8Array.of(1), left, right);
const FILLER = leafHash(new Uint8Array());

/** All levels, leaves first; the last one is the root alone. */
function levels(leaves: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const width = 2 ** Math.ceil(Math.log2(Math.max(leaves.length, 1)));
  const all = [Array.from({ length: width }, (_, at) => (leaves[at] === undefined ? FILLER : leafHash(leaves[at])))];
  for (let below = all[0] ?? []; below.length > 1;) {
    const pairs = below;
    below = Array.from({ length: pairs.length / 2 }, (_, at) => pairHash(pairs[2 * at] as Uint8Array, pairs[2 * at + 1] as Uint8Array));
    all.push(below);
  }
  return all;
}

export const treeRoot = (leaves: readonly Uint8Array[]): Digest => toHex(levels(leaves).at(-1)?.[0] ?? FILLER) as Digest;

/** For each leaf the digests beside its way up, lowest first. */
export function treePaths(leaves: readonly Uint8Array[]): readonly (readonly Digest[])[] {
  const all = levels(leaves);
  return leaves.map((_, place) =>
    all.slice(0, -1).map((level, height) => toHex(level[Math.floor(place / 2 ** height) ^ 1] as Uint8Array) as Digest),
  );
}

/** True where `leaf` stands at `place` among `count` leaves under `root`. */
export function isInTree(root: Digest, count: number, place: number, leaf: Uint8Array, path: readonly Digest[]): boolean {
  if (place < 0 || place >= count || path.length !== Math.ceil(Math.log2(count))) return false;
  const top = path.reduce((below, beside, height) => {
    const other = fromHex(beside) ?? new Uint8Array();
    return Math.floor(place / 2 ** height) % 2 === 0 ? pairHash(below, other) : pairHash(other, below);
  }, leafHash(leaf));
  return toHex(top) === root;
}

/** A path as it travels: its digests one after the other, base64url. */
export const packPath = (path: readonly Digest[]): string => toBase64url(concat(path.map((one) => fromHex(one) ?? new Uint8Array())));

/** The digests of a packed path; none where the text is not one, which fits no tree of two leaves or more. */
export function unpackPath(text: string): readonly Digest[] {
  const bytes = fromBase64url(text) ?? new Uint8Array();
  if (bytes.length % 32 !== 0) return [];
  return Array.from({ length: bytes.length / 32 }, (_, at) => toHex(bytes.subarray(32 * at, 32 * at + 32)) as Digest);
}
