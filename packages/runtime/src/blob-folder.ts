/** The folders of a blob store, as they lie on the disk. */
import { copyFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Digest } from "@engraft/core/base/ids";

export interface StoredBlob {
  readonly digest: Digest;
  readonly bytes: number;
  /** When it was last written, or asked to be written again; milliseconds since 1970. */
  readonly at: number;
}

/** Every blob that is in the folder. */
export async function storedIn(folder: string): Promise<readonly StoredBlob[]> {
  const found: StoredBlob[] = [];
  for (const shelf of await readdir(folder)) {
    for (const name of await readdir(join(folder, shelf)).catch(() => [])) {
      const digest = Digest.safeParse(name);
      const file = await stat(join(folder, shelf, name)).catch(() => undefined);
      if (digest.success && file !== undefined) found.push({ digest: digest.data, bytes: file.size, at: file.mtimeMs });
    }
  }
  return found;
}

/** From all earlier generations. One that is written to meanwhile gives a wrong copy, which its digest finds. */
export async function takeOverPartials(dir: string, partial: string): Promise<void> {
  for (const entry of await readdir(dir)) {
    const old = join(dir, entry);
    if (!/^partial(-|$)/.test(entry) || old === partial) continue;
    for (const name of await readdir(old))
      if (!name.startsWith("new-")) await copyFile(join(old, name), join(partial, name)).catch(() => undefined);
    await rm(old, { recursive: true, force: true });
  }
}
