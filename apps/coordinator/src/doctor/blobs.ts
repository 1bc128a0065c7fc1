/** Whether the blobs that the database needs are in the folder and hold what their names promise. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ok, problem, type Finding } from "@engraft/runtime/doctor";
import { mebibytes } from "@engraft/runtime/doctor-checks";
import type { NeededBlob } from "./inside.ts";

/** Without --blobs, the newest ones up to this much are read. */
const SAMPLE_BYTES = 256 * 2 ** 20;
const NAMED = 5;

/** As packages/runtime/src/blobs.ts lays them out. */
const pathIn = (folder: string, digest: string): string => join(folder, "blobs", digest.slice(0, 2), digest);

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Looks at the length of each, and reads the newest, or all of them. `folder` is the coordinator's folder of blobs. */
export async function blobFindings(folder: string, needed: readonly NeededBlob[], all: boolean): Promise<readonly Finding[]> {
  const missing: NeededBlob[] = [];
  const damaged: NeededBlob[] = [];
  let [read, bytes] = [0, 0];
  for (const blob of needed) {
    const path = pathIn(folder, blob.digest);
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined) missing.push(blob);
    else if (size !== blob.bytes) damaged.push(blob);
    else if (all || bytes + size <= SAMPLE_BYTES) {
      read += 1;
      bytes += size;
      if ((await digestOf(path)) !== blob.digest) damaged.push(blob);
    }
  }
  const found = [...fault("blob-missing", "not there", missing, folder), ...fault("blob-damaged", "damaged", damaged, folder)];
  if (found.length > 0) return found;
  const rest = needed.length - read;
  return [
    ok(
      `${needed.length} needed, all there; ${read} read (${mebibytes(bytes)}) and whole${rest === 0 ? "" : `; --blobs reads the other ${rest} too`}`,
    ),
  ];
}

function fault(code: "blob-missing" | "blob-damaged", how: string, blobs: readonly NeededBlob[], folder: string): readonly Finding[] {
  if (blobs.length === 0) return [];
  const named = blobs.slice(0, NAMED).map(({ what, digest }) => `  ${what} (${digest.slice(0, 12)})`);
  const rest = blobs.length - named.length;
  return [
    problem(
      code,
      [`${blobs.length} blob(s) that the database needs are ${how}:`, ...named, ...(rest === 0 ? [] : [`  and ${rest} more`])].join("\n"),
      `Restore ${join(folder, "blobs")} from a backup. A base alone can be imported again after its damaged file was moved away, with "engraft-coordinator base import".`,
    ),
  ];
}
