/** The key of the secure journal and of stored vectors: beside them, so that whoever copies one file alone has nothing. */
import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { writeFileDurably } from "@engraft/runtime/files";

const pathOf = (folder: string): string => join(folder, "journal.key");

/** Undefined before there is one. Throws `bad-config` where it is damaged or others can read it. */
export async function readKey(folder: string): Promise<Uint8Array | undefined> {
  const path = pathOf(folder);
  const key = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (key === undefined) return undefined;
  if (process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0) {
    throw new EngraftError("bad-config", `Other users can read the key ${path}. Run "chmod 600" on it.`);
  }
  if (key.length !== 32) {
    throw new EngraftError("bad-config", `The key ${path} is damaged. Restore it from a backup of the agent's home.`);
  }
  return key;
}

/** Throws `bad-config` where `journal` was written under a key that is gone. */
export async function makeKey(folder: string, journal: string): Promise<Uint8Array> {
  const there = await stat(journal).catch(() => undefined);
  if (there !== undefined) {
    throw new EngraftError(
      "bad-config",
      `The key ${pathOf(folder)} is missing, so the journal beside it cannot be read. Restore the key, or move the folder it lay in away and start again: the site then counts as restored, and its steward must approve secure plans again.`,
    );
  }
  const key = randomBytes(32);
  await writeFileDurably(pathOf(folder), key, 0o600);
  return key;
}
