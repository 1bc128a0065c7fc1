/**
 * Ed25519 identities (RFC 8032). Two signers that give the same bytes, because Ed25519 is deterministic: tweetnacl signs a site's
 * statements; node:crypto, 50 times faster, signs what is sent many times a round. Verifying is always node:crypto's, because
 * tweetnacl accepts some signatures that it must reject (Wycheproof: 5 of 151 cases).
 */
import { createPrivateKey, createPublicKey, sign, verify as verifySignature, type KeyObject } from "node:crypto";
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

/** Signs `bytes`: 64 bytes as base64url. */
export type Signer = (identity: Identity, bytes: Uint8Array) => string;

/** By tweetnacl: 2 ms for a short text, 38 ms a megabyte, so sign digests. */
export const signStatement: Signer = (identity, bytes) => toBase64url(nacl.sign.detached(bytes, identity.secret));

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const signingKeys = new WeakMap<Identity, KeyObject>();

/** By node:crypto: 0.04 ms for a short text. */
export const signBytes: Signer = (identity, bytes) => {
  let key = signingKeys.get(identity);
  if (key === undefined) {
    key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, identity.secret.subarray(0, 32)]), format: "der", type: "pkcs8" });
    signingKeys.set(identity, key);
  }
  return toBase64url(sign(null, bytes, key));
};

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
