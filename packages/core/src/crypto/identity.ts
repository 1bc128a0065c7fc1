/**
 * Ed25519 identities (RFC 8032). Signing is tweetnacl's; verifying is node:crypto's, because tweetnacl accepts some
 * signatures that it must reject (Wycheproof: 5 of 151 cases).
 */
import { createPublicKey, verify as verifySignature, type KeyObject } from "node:crypto";
import nacl from "tweetnacl";
import { fromBase64url, toBase64url } from "../base/bytes.ts";
import type { Digest, PublicKey } from "../base/ids.ts";
import { digestWords } from "../base/words.ts";
import { sha256 } from "./digest.ts";

/** A signing identity. `secret` is 64 bytes (seed and public key) and must never reach a log. */
export interface Identity {
  readonly publicKey: PublicKey;
  readonly secret: Uint8Array;
}

/** An identity from a 32-byte seed, which must come from the operating system's generator. */
export function identityFromSeed(seed: Uint8Array): Identity {
  const pair = nacl.sign.keyPair.fromSeed(seed);
  return { publicKey: toBase64url(pair.publicKey) as PublicKey, secret: pair.secretKey };
}

/** Detached signature of `bytes`, 64 bytes as base64url. Sign digests or short texts: tweetnacl takes 38 ms a megabyte. */
export const signBytes = (identity: Identity, bytes: Uint8Array): string => toBase64url(nacl.sign.detached(bytes, identity.secret));

const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const keyObjects = new Map<string, KeyObject>();

function keyObject(publicKey: PublicKey): KeyObject | undefined {
  const known = keyObjects.get(publicKey);
  if (known !== undefined) return known;
  const raw = fromBase64url(publicKey);
  if (raw?.length !== 32) return undefined;
  try {
    const made = createPublicKey({ key: Buffer.concat([SPKI_ED25519, raw]), format: "der", type: "spki" });
    // Bounded: keys come from strangers too.
    if (keyObjects.size >= 4096) keyObjects.clear();
    keyObjects.set(publicKey, made);
    return made;
  } catch {
    return undefined;
  }
}

/** True only for a valid signature of exactly these bytes; false for anything malformed. Never throws. */
export function verifyBytes(publicKey: PublicKey, bytes: Uint8Array, signature: string): boolean {
  const sig = fromBase64url(signature);
  const key = keyObject(publicKey);
  if (sig?.length !== 64 || key === undefined) return false;
  return verifySignature(null, bytes, key, sig);
}

/** Digest of a public key, which people compare as words. */
export const fingerprint = (publicKey: PublicKey): Digest => sha256(fromBase64url(publicKey) ?? new Uint8Array());

/** Eight words to compare by phone. */
export const fingerprintWords = (publicKey: PublicKey): readonly string[] => digestWords(fingerprint(publicKey), 8);
