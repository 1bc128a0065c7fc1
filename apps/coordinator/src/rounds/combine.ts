/**
 * The mean of a round, streamed: one slice of the checkpoint and of each update is in memory at a time. Sites are added in the
 * order of `inputs` (byte order) and in float64, so that the result does not depend on who was first.
 */
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { addScaled, applyMean } from "@engraft/core/aggregation/mean";
import { refuse, type Refusal } from "@engraft/core/base/errors";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Obligation } from "@engraft/core/rounds/owed";
import { BlobFault } from "@engraft/runtime/blob-fault";
import type { BlobStore } from "@engraft/runtime/blobs";
import { SLICE_BYTES, withSequential, type SequentialBlob } from "../plans/weights-file.ts";

export type Combine = Extract<Obligation, { owe: "combine" }>;

/**
 * The next checkpoint: the one the round started from plus the mean update, each site by its share of the samples. A refusal where
 * an update is not here as it was accepted: its site has let it go, so nothing can bring it back. Throws where the checkpoint is
 * not here, or the disk is at fault: that may pass.
 */
export async function combine(blobs: BlobStore, due: Combine): Promise<BlobRef | Refusal> {
  try {
    return await withEach(blobs, [due.checkpoint, ...due.inputs.map(({ update }) => update)], ([checkpoint, ...updates]) =>
      blobs.write((append) => addUp(due, checkpoint as SequentialBlob, updates, append)),
    );
  } catch (error) {
    const site = error instanceof BlobFault ? due.inputs.find(({ update }) => update.digest === error.digest)?.site : undefined;
    if (!(error instanceof BlobFault) || site === undefined || error.digest === due.checkpoint.digest) throw error;
    const how = error.code === "blob-missing" ? "gone from" : "damaged on";
    return refuse(error.code, `Round ${due.round}: the update of ${site} is ${how} the coordinator's disk, and the site has let it go.`);
  }
}

async function addUp(
  due: Combine,
  checkpoint: SequentialBlob,
  updates: readonly SequentialBlob[],
  append: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const total = due.inputs.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  const mean = new Float64Array(SLICE_BYTES / 4);
  for (let at = 0; at < due.checkpoint.bytes; at += SLICE_BYTES) {
    const length = Math.min(SLICE_BYTES, due.checkpoint.bytes - at);
    mean.fill(0);
    for (const [index, update] of updates.entries()) {
      addScaled(mean, toFloat32(await update.next(length)), (due.inputs[index]?.sampleCount ?? 0) / total);
    }
    const next = toFloat32(await checkpoint.next(length));
    applyMean(next, mean);
    await append(float32Bytes(next));
  }
}

async function withEach<T>(
  blobs: BlobStore,
  refs: readonly BlobRef[],
  use: (opened: readonly SequentialBlob[]) => Promise<T>,
  opened: readonly SequentialBlob[] = [],
): Promise<T> {
  const [ref, ...rest] = refs;
  return ref === undefined ? use(opened) : withSequential(blobs, ref, (blob) => withEach(blobs, rest, use, [...opened, blob]));
}
