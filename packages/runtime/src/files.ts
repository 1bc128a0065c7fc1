/** Durable small files: what was written is there after a power cut, whole or not at all. */
import { randomBytes } from "node:crypto";
import { open, mkdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const UNUSABLE: ReadonlySet<string> = new Set(["EROFS", "EACCES", "EPERM", "EIO"]);

/** The fault that an error of the file system stands for, in words for whoever runs this machine; undefined for every other error. */
export function namedStorageFault(error: unknown, path: string): EngraftError | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (FULL.has(code))
    return new EngraftError("disk-full", `No space left for ${path}. Free some space; nothing that was acknowledged is lost.`, {
      cause: error,
    });
  if (UNUSABLE.has(code))
    return new EngraftError(
      "disk-fault",
      `${path} cannot be read or written (${code}). Is its disk mounted, writable and owned by this user? Nothing that was acknowledged is lost.`,
      { cause: error },
    );
  return undefined;
}

/** Names the storage failures that people can do something about; passes every other error on. */
export function storageFault(error: unknown, path: string): never {
  throw namedStorageFault(error, path) ?? error;
}

/** Bytes that this user may still write in a folder's file system. */
export const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; its rename is durable with the file system's journal.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes beside, syncs, renames over, syncs the folder. `data` can come in pieces. */
export async function writeFileDurably(path: string, data: Uint8Array | string | Iterable<Uint8Array>, mode = 0o600): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(beside, "wx", mode);
    try {
      await writeFile(handle, data);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // On a read-only file system this fails as well; what happened first is what people are told.
    await rm(beside, { force: true }).catch(() => undefined);
    storageFault(error, path);
  }
}

/** The file's text, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export const removeIfThere = (path: string): Promise<void> => rm(path, { force: true });
