/**
 * Boxes: AES-256-GCM (NIST SP 800-38D) under a key of their own, with a random nonce that travels in the box. Shares travel in
 * them, and a site's vector rests in one: that can be sealed piece by piece and opened where it lies, because each further
 * copy of a large one costs more than its encryption.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";

const NONCE = 12;
const TAG = 16;

/** Bytes that a box adds to its content. */
export const BOX_OVERHEAD = NONCE + TAG;

const CHUNK = 65_536;

/** The pieces of a box, in order: nonce, ciphertext, tag. `key` 32 bytes, `nonce` 12 fresh random bytes. */
export function* sealedPieces(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, content: Uint8Array): Generator<Uint8Array> {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(bound);
  yield nonce;
  for (let from = 0; from < content.length; from += CHUNK) yield cipher.update(content.subarray(from, from + CHUNK));
  cipher.final();
  yield cipher.getAuthTag();
}

/** `sealedPieces` put together. */
export function sealBox(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, content: Uint8Array): Uint8Array {
  const box = new Uint8Array(content.length + BOX_OVERHEAD);
  let at = 0;
  for (const piece of sealedPieces(key, nonce, bound, content)) {
    box.set(piece, at);
    at += piece.length;
  }
  return box;
}

/** Opens into `into`, which may lie in the box itself; false, and `into` wiped, where it is not authentic. */
function openInto(key: Uint8Array, bound: Uint8Array, box: Uint8Array, into: Uint8Array): boolean {
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(bound);
  decipher.setAuthTag(box.subarray(box.length - TAG));
  const sealed = box.subarray(NONCE, box.length - TAG);
  for (let from = 0; from < sealed.length; from += CHUNK) into.set(decipher.update(sealed.subarray(from, from + CHUNK)), from);
  try {
    decipher.final();
    return true;
  } catch {
    into.fill(0);
    return false;
  }
}

/** The content; undefined where one bit of box, key or bound data differs from what was sealed. */
export function openBox(key: Uint8Array, bound: Uint8Array, box: Uint8Array): Uint8Array | undefined {
  if (box.length < BOX_OVERHEAD) return undefined;
  const content = new Uint8Array(box.length - BOX_OVERHEAD);
  return openInto(key, bound, box, content) ? content : undefined;
}

/** As `openBox`; the content takes the place of the box, which is gone, and is a view of it from byte 12 on. */
export function openInPlace(key: Uint8Array, bound: Uint8Array, box: Uint8Array): Uint8Array | undefined {
  if (box.length < BOX_OVERHEAD) return undefined;
  const content = box.subarray(NONCE, box.length - TAG);
  return openInto(key, bound, box, content) ? content : undefined;
}
