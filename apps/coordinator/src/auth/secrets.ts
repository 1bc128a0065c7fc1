/** Secrets of the coordinator: files under <data>, readable by its user only, made once. */
import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { readIfThere, removeIfThere, writeFileDurably } from "@engraft/runtime/files";

/** The text of a secret file; 32 random bytes as base64url where there is none yet. */
export async function secretFile(path: string): Promise<string> {
  const there = (await readIfThere(path))?.trim();
  if (there !== undefined && there !== "") return there;
  const made = toBase64url(randomBytes(32));
  await writeFileDurably(path, `${made}\n`, 0o600);
  return made;
}

export const coordinatorKeyPath = (data: string): string => join(data, "secrets", "coordinator.key");

/** The coordinator's identity. Sites pin its public key, so losing the file means enrolling every site again. */
export async function coordinatorIdentity(data: string): Promise<Identity> {
  const path = coordinatorKeyPath(data);
  const seed = fromBase64url(await secretFile(path));
  if (seed?.length !== 32) throw new EngraftError("bad-config", `${path} does not hold a key. Restore it from a backup.`);
  return identityFromSeed(seed);
}

/** The key for signatures that OpenSSF's tool checks: ECDSA on P-256, as PEM (PKCS #8). Losing it means that later releases name another one. */
export async function modelSigningKey(data: string): Promise<KeyObject> {
  const path = join(data, "secrets", "model-signing.pem");
  const there = await readIfThere(path);
  if (there !== undefined) return createPrivateKey(there);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFileDurably(path, privateKey.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
  return privateKey;
}

/** Bearer token for the command line on the same machine. */
export const operatorTokenPath = (data: string): string => join(data, "operator.token");

const setupTokenPath = (data: string): string => join(data, "secrets", "setup.token");

/** Token of the one-time link for the first admin; the same one until it is used. */
export const setupToken = (data: string): Promise<string> => secretFile(setupTokenPath(data));

export const forgetSetupToken = (data: string): Promise<void> => removeIfThere(setupTokenPath(data));
