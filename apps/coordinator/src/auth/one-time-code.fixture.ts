/** What an authenticator app shows, for tests: TOTP (RFC 6238) over HOTP (RFC 4226), written from these. */
import { createHmac } from "node:crypto";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Six digits of the half minute around `at`, in milliseconds since 1970. `secret` in base32 (RFC 4648). */
export function codeOf(secret: string, at: number): string {
  const bits = Array.from(secret.replaceAll("=", ""), (letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

const STEP_MS = 30_000;

/** An authenticator app whose owner never types a code twice: of those that are right now (half a minute early or late is) one not given yet. */
export class App {
  readonly #given = new Set<string>();

  /** Waits for the next one where all were given. */
  async code(secret: string): Promise<string> {
    for (;;) {
      const now = Date.now();
      const fresh = [0, 1, -1].map((steps) => codeOf(secret, now + steps * STEP_MS)).find((code) => !this.#given.has(code));
      if (fresh !== undefined) {
        this.#given.add(fresh);
        return fresh;
      }
      await new Promise((resolve) => setTimeout(resolve, STEP_MS - (now % STEP_MS)));
    }
  }
}
