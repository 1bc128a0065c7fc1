/**
 * This site's control variate under SCAFFOLD after each round that it trained, in `home/variates/<run>`. The coordinator says which
 * round's last counted: a round that came to nothing leaves no trace, and one that is trained again ends the same.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import type { RunId } from "@engraft/core/base/ids";
import { removeIfThere, writeFileDurably } from "@engraft/runtime/files";

const folderOf = (home: string, run: RunId): string => join(home, "variates", run);

/** As it was after round `round`; undefined where it is not here: then it begins at zero. */
export async function variateAfter(home: string, run: RunId, round: number): Promise<Float32Array | undefined> {
  const bytes = await readFile(join(folderOf(home, run), String(round))).catch(() => undefined);
  return bytes === undefined ? undefined : toFloat32(Uint8Array.from(bytes));
}

/** Lets go of those before round `counted`, which nothing starts from any more. */
export async function keepVariate(home: string, run: RunId, round: number, values: Float32Array, counted: number): Promise<void> {
  const folder = folderOf(home, run);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFileDurably(join(folder, String(round)), float32Bytes(values), 0o600);
  for (const name of await readdir(folder)) if (Number(name) < counted) await removeIfThere(join(folder, name));
}
