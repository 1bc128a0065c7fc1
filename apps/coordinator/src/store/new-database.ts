/** A new embedded database. The build keeps an empty one, because making one takes seconds and much memory; it is copied. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EngraftError } from "@engraft/core/base/errors";
import { freeBytes } from "@engraft/runtime/files";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** Made by the build (build-empty-database.ts). */
export const EMPTY_DATABASE = join(PACKAGE, "dist", "empty-database");

const NEEDED_MIB = 100;

/** Puts an empty database into `dir`, whole or not at all. Throws `disk-full` or `database-unavailable`. */
export async function newDatabase(dir: string): Promise<void> {
  const beside = `${dir}.new`;
  try {
    await rm(beside, { recursive: true, force: true });
    await mkdir(dirname(dir), { recursive: true });
    if (existsSync(join(EMPTY_DATABASE, "PG_VERSION"))) await cp(EMPTY_DATABASE, beside, { recursive: true });
    else await makeDatabase(beside);
    await rename(beside, dir);
  } catch (cause) {
    await rm(beside, { recursive: true, force: true });
    const free = (await freeBytes(dirname(dir)).catch(() => Number.POSITIVE_INFINITY)) / 2 ** 20;
    if (free < NEEDED_MIB) {
      const text = `No space for the embedded database in ${dir}: ${NEEDED_MIB} MiB are needed, ${Math.floor(free)} are free.`;
      throw new EngraftError("disk-full", text, { cause });
    }
    throw new EngraftError("database-unavailable", `The embedded database in ${dir} could not be made.`, { cause });
  }
}

/** In a process of its own: making a database takes 600 MB that a WebAssembly memory would never give back. */
export async function makeDatabase(dir: string): Promise<void> {
  const script = `import { PGlite } from "@electric-sql/pglite"; const database = await PGlite.create(process.argv[1]); await database.close();`;
  await mkdir(dir, { recursive: true });
  await promisify(execFile)(process.execPath, ["--liftoff-only", "--input-type=module", "-e", script, dir], { cwd: PACKAGE });
}
