/** Key agreement on Curve25519 (RFC 7748) and key derivation (HKDF-SHA256, RFC 5869). Secrets come in as arguments. */
import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from "node:crypto";
import { toBase64url } from "../base/bytes.ts";

/** As web keys: OpenSSL reads those six to nine times faster than DER, and a site does it for every peer. */
const publicObject = (key: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "X25519", x: toBase64url(key) }, format: "jwk" });

/**
 * A secret key ready for use; importing costs as much as agreeing. `secret` is 32 random bytes. The form wants a public key
 * beside it, which node does not look at: it computes the right one itself (the tests hold it to RFC 7748's).
 */
export const agreementKey = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: { kty: "OKP", crv: "X25519", d: toBase64url(secret), x: "" }, format: "jwk" });

/** The public key of a secret one, 32 bytes. */
export const agreementPublic = (key: KeyObject): Uint8Array =>
  Uint8Array.from(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));

/** The shared secret, 32 bytes; undefined where it would be all zero (the other key is of small order). */
export function agree(mine: KeyObject, theirs: Uint8Array): Uint8Array | undefined {
  try {
    const shared = diffieHellman({ privateKey: mine, publicKey: publicObject(theirs) });
    return shared.every((byte) => byte === 0) ? undefined : shared;
  } catch {
    return undefined;
  }
}

/** p = 2^255 - 19, little-endian. */
const isBelowP = (key: Uint8Array): boolean => {
  if ((key[31] ?? 0) < 0x7f) return true;
  if ((key[31] ?? 0) > 0x7f) return false;
  return key.subarray(1, 31).some((byte) => byte !== 0xff) || (key[0] ?? 0) < 0xed;
};

const PROBE = agreementKey(new Uint8Array(32).fill(9));

/** True for 32 bytes that are the one encoding of a point of large order, so that unequal bytes are unequal keys. */
export const isAgreementKey = (key: Uint8Array): boolean => key.length === 32 && isBelowP(key) && agree(PROBE, key) !== undefined;

/** 32 bytes of key material bound to `salt` and `info`. */
export const deriveKey = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secret, salt, info, 32));
