/** A key that is to follow the present one, while the change is under way: kept before the coordinator hears of it, so that a change that broke off goes on with the same key and the same signatures. */
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { PublicKey } from "@engraft/core/base/ids";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { sealRotation, SignedRotation } from "@engraft/core/protocol/membership";
import { removeIfThere } from "@engraft/runtime/files";
import type { Membership } from "./federation.ts";
import { readJson, writeJson } from "./json-file.ts";

const NextFile = z.strictObject({
  format: z.literal("engraft.next-key/1"),
  publicKey: PublicKey,
  /** 32 bytes, base64url. Secret. */
  seed: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  rotation: SignedRotation,
});

export interface NextKey {
  readonly identity: Identity;
  readonly seed: string;
  readonly rotation: SignedRotation;
  /** True where the change was begun before. */
  readonly resumed: boolean;
}

const path = (home: string): string => join(home, "next-identity.json");

export async function findNextKey(home: string): Promise<NextKey | undefined> {
  const file = await readJson(path(home), NextFile);
  if (file === undefined) return undefined;
  return {
    identity: identityFromSeed(fromBase64url(file.seed) ?? new Uint8Array()),
    seed: file.seed,
    rotation: file.rotation,
    resumed: true,
  };
}

/** The key of a change under way, or a new one. Durable when it returns. */
export async function nextKey(home: string, { identity: old, federation }: Membership, at: number): Promise<NextKey> {
  const known = await findNextKey(home);
  if (known !== undefined) return known;
  const bytes = randomBytes(32);
  const identity = identityFromSeed(bytes);
  const seed = toBase64url(bytes);
  const rotation = sealRotation(old, identity, federation.coordinator, { site: federation.site, at });
  await writeJson(path(home), { format: "engraft.next-key/1", publicKey: identity.publicKey, seed, rotation });
  return { identity, seed, rotation, resumed: false };
}

export const forgetNextKey = (home: string): Promise<void> => removeIfThere(path(home));
