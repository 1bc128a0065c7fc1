/** Which file of a folder holds which number, by one tag of DICOM's header: the start of every file is read, once, and no pixels. */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { matched } from "./decoder.ts";
import type { MatchTag } from "./dicom-match.ts";
import { isDicom } from "./picture.ts";

/** Where the tag stands in all files but those with very long headers. */
const START = 64 * 1024;
const LONG_START = 4 * 1024 * 1024;

/** Path by number; undefined where several files have the same. It stays in the process that reads the table. */
export type FolderIndex = ReadonlyMap<string, string | undefined>;

/** Files that are no DICOM, or have no such number, are passed over; links are not followed. */
export async function folderIndex(folder: string, tag: MatchTag): Promise<FolderIndex> {
  const found = new Map<string, string | undefined>();
  for await (const path of filesBelow(folder)) {
    const number = await numberOf(path, tag);
    if (number !== undefined) found.set(number, found.has(number) ? undefined : path);
  }
  return found;
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const left = [folder];
  for (let current = left.pop(); current !== undefined; current = left.pop()) {
    for (const entry of await readdir(current, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) left.push(join(current, entry.name));
      else if (entry.isFile()) yield join(current, entry.name);
    }
  }
}

async function numberOf(path: string, tag: MatchTag): Promise<string | undefined> {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    for (const length of [START, LONG_START]) {
      const bytes = new Uint8Array(Math.min(length, size));
      await handle.read(bytes, 0, bytes.length, 0);
      if (!isDicom(bytes)) return undefined;
      const said = await matched(bytes, tag, bytes.length === size);
      if (said !== undefined) return said ?? undefined;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
