/**
 * Keeping the last space of the disk for the embedded database. It must never find the disk full: where its log cannot grow it
 * does not come back from the call, and the whole process stands still. So whoever else writes stops first, and its own writes
 * stop while there is still room for what it writes by itself.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { freeBytes } from "@engraft/runtime/files";

const MIB = 2 ** 20;
/** Below it the database is not written any more: two segments of its log. */
export const DATABASE_BYTES = 32 * MIB;
/** Below it nothing else is written on the database's disk, and the coordinator does not start. */
export const LEAST_FREE_BYTES = 64 * MIB;

/** Throws `disk-full` where a folder's disk has less free. */
export async function mustHaveRoom(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  const [has, needs] = [Math.floor(free / MIB), bytes / MIB];
  throw new EngraftError(
    "disk-full",
    `${folder} has ${has} MiB free; the coordinator needs at least ${needs}. Free some space; nothing that was acknowledged is lost.`,
  );
}

const LOOK_MS = 3_000;

/** Looks at the disks of some folders now and then; returns the function that ends it. */
export function watchRoom(folders: readonly string[], watch: (look: () => Promise<void>) => Promise<void>): () => void {
  const allHaveRoom = async (): Promise<void> => {
    for (const folder of folders) await mustHaveRoom(folder, LEAST_FREE_BYTES);
  };
  const look = (): void => void watch(allHaveRoom).catch(() => undefined);
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
