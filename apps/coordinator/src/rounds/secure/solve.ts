/** The next checkpoint of an analytic round: the one it started from, with the head that the opened sums determine. */
import { nextHead } from "@engraft/core/aggregation/head";
import { readStatistics, type Moments } from "@engraft/core/aggregation/statistics";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import { likelihoodOf, startsFromZero, type Analytic } from "@engraft/core/models/analytic";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Unmasking } from "@engraft/core/rounds/secure/state";
import type { RunParams } from "@engraft/core/rounds/state";
import type { BlobStore } from "@engraft/runtime/blobs";
import { SLICE_BYTES, withSequential } from "../../plans/weights-file.ts";

interface Next {
  readonly ok: true;
  readonly checkpoint: BlobRef;
  /** What the sum says of the inputs, where it is the first. */
  readonly moments: Moments | undefined;
}

/** `totals`: the statistics in the opened sum; `before`: what an earlier round's sum said of the inputs. `sum-out-of-range` where no honest sites have such. */
export async function solved(
  blobs: BlobStore,
  params: RunParams,
  state: Unmasking,
  analytic: Analytic,
  { totals, before }: { readonly totals: readonly number[]; readonly before: Moments | undefined },
): Promise<Next | Refusal> {
  const { plan, headInputs, secure } = params;
  if (secure === null) throw new Error("Bug: a plain plan has no analytic rounds");
  const { checkpoint, start, inputs } = state;
  const zero = startsFromZero(analytic, checkpoint.digest, start.digest);
  if (!zero && before === undefined) return refuse("sum-out-of-range", "The run's first analytic round left no moments to go by.");
  const of = {
    sites: secure.aggregation.directory.length,
    cap: secure.aggregation.weightCap,
    count: inputs.length,
    of: likelihoodOf(plan.data.label),
    moments: zero ? undefined : before,
  };
  const statistics = readStatistics(totals, headInputs, analytic, of);
  if (isRefusal(statistics)) return statistics;
  const head = zero ? new Float32Array(headInputs + 1) : await headAt(blobs, checkpoint, headInputs);
  const next = nextHead(statistics.value, head, analytic);
  if (isRefusal(next)) return next;
  const { samples, sums, squares } = statistics.value;
  return { ok: true, checkpoint: await withHead(blobs, checkpoint, next.value), moments: zero ? { samples, sums, squares } : undefined };
}

/** Slices of a checkpoint, each with the place of its first value. */
async function eachSlice(
  blobs: BlobStore,
  checkpoint: BlobRef,
  use: (slice: Float32Array, at: number) => Promise<void> | void,
): Promise<void> {
  await withSequential(blobs, checkpoint, async (vector) => {
    for (let at = 0; at < checkpoint.bytes; at += SLICE_BYTES) {
      await use(toFloat32(await vector.next(Math.min(SLICE_BYTES, checkpoint.bytes - at))), at / 4);
    }
  });
}

async function headAt(blobs: BlobStore, checkpoint: BlobRef, inputs: number): Promise<Float32Array> {
  const from = checkpoint.bytes / 4 - inputs - 1;
  const head = new Float32Array(inputs + 1);
  await eachSlice(blobs, checkpoint, (slice, at) =>
    slice.forEach((value, index) => at + index >= from && (head[at + index - from] = value)),
  );
  return head;
}

function withHead(blobs: BlobStore, checkpoint: BlobRef, head: Float32Array): Promise<BlobRef> {
  const from = checkpoint.bytes / 4 - head.length;
  return blobs.write((append) =>
    eachSlice(blobs, checkpoint, async (slice, at) => {
      await append(float32Bytes(slice.map((value, index) => (at + index < from ? value : (head[at + index - from] as number)))));
    }),
  );
}
