/** The next checkpoint, and what the strategy keeps at the server, both written slice by slice: neither is ever whole in memory. */
import { initialState, type ServerStep } from "@engraft/core/aggregation/server-step";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { SLICE_BYTES, withSequential, type SequentialBlob } from "../plans/weights-file.ts";

const SLICE_VALUES = SLICE_BYTES / 4;

export interface Standing {
  readonly checkpoint: BlobRef;
  /** Null before the first round, and where the strategy keeps nothing. */
  readonly serverState: BlobRef | null;
}

/** Values `from` to `to` of the mean update. Asked for once each, in their order. */
export type MeanOf = (from: number, to: number) => Promise<Float64Array> | Float64Array;

type Append = (chunk: Uint8Array) => Promise<void>;

/** Throws where the checkpoint or the kept state is not here whole, or the disk is at fault: that may pass. */
export function writeNext(blobs: BlobStore, before: Standing, step: ServerStep, meanOf: MeanOf): Promise<Standing> {
  const { checkpoint, serverState } = before;
  return withSequential(blobs, checkpoint, (vector) =>
    withKept(blobs, serverState, async (kept) => {
      const write = (append: Append, keep: Append) => eachSlice({ values: checkpoint.bytes / 4, vector, kept, step, meanOf }, append, keep);
      if (step.initial.length === 0) {
        return { checkpoint: await blobs.write((append) => write(append, async () => undefined)), serverState: null };
      }
      const [next, state] = await writeBoth(blobs, write);
      return { checkpoint: next, serverState: state };
    }),
  );
}

const withKept = <T>(blobs: BlobStore, ref: BlobRef | null, use: (kept: SequentialBlob | undefined) => Promise<T>): Promise<T> =>
  ref === null ? use(undefined) : withSequential(blobs, ref, use);

async function writeBoth(blobs: BlobStore, write: (one: Append, other: Append) => Promise<void>): Promise<readonly [BlobRef, BlobRef]> {
  const first: BlobRef[] = [];
  const second = await blobs.write(async (other) => {
    first.push(await blobs.write((one) => write(one, other)));
  });
  return [first[0] as BlobRef, second];
}

interface Making {
  readonly values: number;
  readonly vector: SequentialBlob;
  readonly kept: SequentialBlob | undefined;
  readonly step: ServerStep;
  readonly meanOf: MeanOf;
}

async function eachSlice({ values, vector, kept, step, meanOf }: Making, append: Append, keep: Append): Promise<void> {
  for (let from = 0; from < values; from += SLICE_VALUES) {
    const to = Math.min(values, from + SLICE_VALUES);
    const checkpoint = toFloat32(await vector.next(4 * (to - from)));
    const size = 4 * step.initial.length * (to - from);
    const state = kept === undefined || size === 0 ? initialState(step, to - from) : toFloat32(await kept.next(size));
    step.apply({ from, checkpoint, mean: await meanOf(from, to), state });
    await append(float32Bytes(checkpoint));
    await keep(float32Bytes(state));
  }
}
