/** Which program made a release: one digest over the coordinator's own compiled files. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf, sha256 } from "@engraft/core/crypto/digest";
import type { Digest } from "@engraft/core/base/ids";

const HERE = fileURLToPath(new URL("..", import.meta.url));

/** SHA-256 of the canonical JSON of [path, SHA-256] of every script of this package, in byte order of the paths. */
export async function programDigest(): Promise<Digest> {
  const entries = await readdir(HERE, { recursive: true, withFileTypes: true });
  const scripts = entries
    .filter((entry) => entry.isFile() && /\.(js|ts)$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
  const digests = await Promise.all(scripts.map(async (path) => [relative(HERE, path), sha256(await readFile(path))] as const));
  return digestOf(digests.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
