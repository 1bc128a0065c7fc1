/** Share boxes: AES-256-GCM (NIST SP 800-38D) under a derived key, with a random nonce that travels in the box. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { concat } from "../base/bytes.ts";

const NONCE = 12;
const TAG = 16;

/** Bytes that a box adds to its content. */
export const BOX_OVERHEAD = NONCE + TAG;

/** `key` 32 bytes, `nonce` 12 fresh random bytes: nonce, ciphertext, tag. */
export function sealBox(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, content: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(bound);
  return concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** The content; undefined where one bit of box, key or bound data differs from what was sealed. */
export function openBox(key: Uint8Array, bound: Uint8Array, box: Uint8Array): Uint8Array | undefined {
  if (box.length < BOX_OVERHEAD) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(bound);
  decipher.setAuthTag(box.subarray(box.length - TAG));
  const content = decipher.update(box.subarray(NONCE, box.length - TAG));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return Uint8Array.from(content);
}
