/**
 * The mean of a round, streamed: one slice of the checkpoint and of each update is in memory at a time. Sites are added in the
 * order of `inputs` (byte order) and in float64, so that the result does not depend on who was first.
 */
import { toFloat32 } from "@engraft/core/base/bytes";
import { addDistances, krumChoice, noDistances } from "@engraft/core/aggregation/krum";
import { roundMean, sampleShares } from "@engraft/core/aggregation/round-mean";
import { serverStep } from "@engraft/core/aggregation/server-step";
import { refuse, type Refusal } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import type { StrategyOf } from "@engraft/core/models/strategy";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Obligation } from "@engraft/core/rounds/owed";
import { BlobFault } from "@engraft/runtime/blob-fault";
import type { BlobStore } from "@engraft/runtime/blobs";
import { SLICE_BYTES, withSequential, type SequentialBlob } from "../plans/weights-file.ts";
import { writeNext, type Standing } from "./next-checkpoint.ts";

export type Combine = Extract<Obligation, { owe: "combine" }>;
type Strategy = Plan["strategy"];

const SLICE_VALUES = SLICE_BYTES / 4;

/**
 * The next checkpoint: what the strategy makes of the one that the round started from and the mean update, each site by its share of
 * the samples where the strategy does not count all alike. A refusal where an update is not here as it was accepted: its site has let
 * it go, so nothing can bring it back. Throws where the checkpoint or the server's state is not here, or the disk is at fault: that
 * may pass.
 */
export async function combine(blobs: BlobStore, due: Combine, strategy?: Strategy): Promise<Standing | Refusal> {
  const { checkpoint, serverState, inputs, sites } = due;
  const step = serverStep(strategy, { values: checkpoint.bytes / 4, share: inputs.length / sites });
  try {
    const shares =
      strategy?.name === "krum" ? await krumShares(blobs, due, strategy) : sampleShares(inputs.map(({ sampleCount }) => sampleCount));
    return await withUpdates(blobs, due, (next) =>
      writeNext(blobs, { checkpoint, serverState }, step, async (from, to) => roundMean(await next(to - from), shares, strategy)),
    );
  } catch (error) {
    const site = error instanceof BlobFault ? inputs.find(({ update }) => update.digest === error.digest)?.site : undefined;
    if (!(error instanceof BlobFault) || site === undefined || error.digest === checkpoint.digest) throw error;
    const how = error.code === "blob-missing" ? "gone from" : "damaged on";
    return refuse(error.code, `Round ${due.round}: the update of ${site} is ${how} the coordinator's disk, and the site has let it go.`);
  }
}

/** Reads all updates once to compare them; those that are not chosen have no share. */
async function krumShares(blobs: BlobStore, due: Combine, { liars, keep }: StrategyOf<"krum">): Promise<readonly number[]> {
  const distances = noDistances(due.inputs.length);
  await withUpdates(blobs, due, async (next) => {
    const values = due.checkpoint.bytes / 4;
    for (let from = 0; from < values; from += SLICE_VALUES) addDistances(distances, await next(Math.min(SLICE_VALUES, values - from)));
  });
  const chosen = krumChoice(distances, liars, keep);
  return due.inputs.map((_, at) => (chosen.includes(at) ? 1 / chosen.length : 0));
}

/** `next(values)`: so many values more of every update, in the order of `inputs`. */
function withUpdates<T>(
  blobs: BlobStore,
  { inputs }: Combine,
  use: (next: (values: number) => Promise<readonly Float32Array[]>) => Promise<T>,
): Promise<T> {
  return withEach(
    blobs,
    inputs.map(({ update }) => update),
    (updates) =>
      use(async (values) => {
        const slices: Float32Array[] = [];
        for (const update of updates) slices.push(toFloat32(await update.next(4 * values)));
        return slices;
      }),
  );
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
