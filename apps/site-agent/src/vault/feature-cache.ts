/** Where features of this site's pictures are kept, and under which key: they are derived from patients' data. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CachePlace } from "@engraft/engine/trunk/feature-cache";
import { writeFileDurably } from "@engraft/runtime/files";

/** The folder can be removed at any time: its content is worked out anew. */
export async function featureCachePlace(home: string): Promise<CachePlace> {
  const folder = join(home, "features");
  const path = join(home, "features.key");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = await readFile(path).catch(() => undefined);
  if (known?.length === 32) return { folder, key: known };
  const key = randomBytes(32);
  await writeFileDurably(path, key, 0o600);
  return { folder, key };
}
