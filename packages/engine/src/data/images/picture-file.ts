/** The bytes of a picture's file: nothing outside the declared folder, nothing that is no file, and no more than a picture has. */
import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { sep } from "node:path";
import { MAX_BYTES, PictureRefused } from "./picture.ts";

interface InFolder {
  readonly path: string;
  readonly folder: string;
}

/** Links are followed before it is opened, also where they were laid after the table was read. Throws what the file system does, or `PictureRefused`. */
export async function pictureBytes(file: InFolder): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openedInside(file);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new PictureRefused("unreadable-file");
    if (stat.size > MAX_BYTES) throw new PictureRefused("too-large-picture");
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}

async function openedInside({ path, folder }: InFolder): Promise<FileHandle> {
  const [real, root] = await Promise.all([realpath(path), realpath(folder)]);
  if (!real.startsWith(root + sep)) throw new PictureRefused("unreadable-file");
  // A pipe would be waited for, for ever.
  return open(real, constants.O_RDONLY | constants.O_NONBLOCK);
}
