/**
 * Secrets of webhooks lie in the database encrypted (AES-256-GCM) under a key derived from `secrets/auth.secret` in the
 * coordinator's folder: who reads the database alone reads none. A backup holds both, and so does the running coordinator.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import { fromBase64url, toBase64url, utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { openBox, sealBox } from "@engraft/core/crypto/box";

export class SecretBox {
  readonly #key: Uint8Array;

  constructor(authSecret: string) {
    this.#key = new Uint8Array(hkdfSync("sha256", authSecret, "", "engraft webhook secrets v1", 32));
  }

  /** Bound to the channel: copied to another row it opens nothing. */
  seal(secret: string, channel: string): string {
    return toBase64url(sealBox(this.#key, randomBytes(12), utf8(channel), utf8(secret)));
  }

  /** Throws `bad-config` where it was sealed under another key or altered. */
  open(sealed: string, channel: string): string {
    const secret = openBox(this.#key, utf8(channel), fromBase64url(sealed) ?? new Uint8Array());
    if (secret === undefined)
      throw new EngraftError("bad-config", "The webhook's secret cannot be read with this coordinator's key. Make the channel anew.");
    return new TextDecoder().decode(secret);
  }
}
