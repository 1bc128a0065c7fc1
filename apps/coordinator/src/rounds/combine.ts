/**
 * The mean of a round, streamed: one slice of the checkpoint and of each update is in memory at a time. Sites are added in the
 * order of `inputs` (byte order) and in float64, so that the result does not depend on who was first.
 */
import type { FileHandle } from "node:fs/promises";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { addScaled, applyMean } from "@engraft/core/aggregation/mean";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Obligation } from "@engraft/core/rounds/owed";
import type { BlobStore } from "@engraft/runtime/blobs";
import { readExactly, SLICE_BYTES, withFile } from "../plans/weights-file.ts";

export type Combine = Extract<Obligation, { owe: "combine" }>;

/** The next checkpoint: the one the round started from plus the mean update, each site by its share of the samples. */
export async function combine(blobs: BlobStore, due: Combine): Promise<BlobRef> {
  const total = due.inputs.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  return withFiles(
    [due.checkpoint, ...due.inputs.map(({ update }) => update)].map(({ digest }) => blobs.path(digest)),
    ([checkpoint, ...updates]) =>
      blobs.write(async (append) => {
        const mean = new Float64Array(SLICE_BYTES / 4);
        for (let at = 0; at < due.checkpoint.bytes; at += SLICE_BYTES) {
          const length = Math.min(SLICE_BYTES, due.checkpoint.bytes - at);
          mean.fill(0);
          for (const [index, update] of updates.entries()) {
            addScaled(mean, toFloat32(await readExactly(update, at, length)), (due.inputs[index]?.sampleCount ?? 0) / total);
          }
          const next = toFloat32(await readExactly(checkpoint as FileHandle, at, length));
          applyMean(next, mean);
          await append(float32Bytes(next));
        }
      }),
  );
}

async function withFiles<T>(
  paths: readonly string[],
  use: (files: readonly FileHandle[]) => Promise<T>,
  open: readonly FileHandle[] = [],
): Promise<T> {
  const [path, ...rest] = paths;
  return path === undefined ? use(open) : withFile(path, (file) => withFiles(rest, use, [...open, file]));
}
