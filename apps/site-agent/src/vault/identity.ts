/** The site's signing key. It is made here, on the site, and never leaves it. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { PublicKey } from "@engraft/core/base/ids";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { readJson, writeJson } from "./json-file.ts";

const IdentityFile = z.strictObject({
  format: z.literal("engraft.identity/1"),
  publicKey: PublicKey,
  /** 32 bytes, base64url. Secret. */
  seed: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export const identityPath = (home: string): string => join(home, "identity.json");

/** The site's identity; undefined before the site has joined. Throws `bad-config` where the file is damaged or readable by others. */
export async function loadIdentity(home: string): Promise<Identity | undefined> {
  const file = await readJson(identityPath(home), IdentityFile);
  if (file === undefined) return undefined;
  const { mode } = await stat(identityPath(home));
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new EngraftError(
      "bad-config",
      `Other users can read the site's key in ${identityPath(home)}. Run "chmod 600" on it; where that may have been misused, enrol again with a new invite.`,
    );
  }
  const identity = identityFromSeed(fromBase64url(file.seed) ?? new Uint8Array());
  if (identity.publicKey !== file.publicKey)
    throw new EngraftError(
      "bad-config",
      `The file ${identityPath(home)} is damaged (key and seed do not belong together). Restore it from a backup of the agent's home.`,
    );
  return identity;
}

/** The site's identity, made from the operating system's generator where there is none yet. */
export async function ensureIdentity(home: string): Promise<Identity> {
  const known = await loadIdentity(home);
  if (known !== undefined) return known;
  await mkdir(home, { recursive: true });
  await chmod(home, 0o700);
  const seed = randomBytes(32);
  const identity = identityFromSeed(seed);
  await saveIdentity(home, identity, toBase64url(seed));
  return identity;
}

/** In place of the one before; `seed` is base64url. */
export const saveIdentity = (home: string, { publicKey }: Identity, seed: string): Promise<void> =>
  writeJson(identityPath(home), { format: "engraft.identity/1", publicKey, seed });
