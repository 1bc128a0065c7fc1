/** A run's effects with an eye on the disk: what storage does not let it do is known by name until it is done. */
import type { Command } from "@engraft/core/rounds/decide";
import type { Ask } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { RunState } from "@engraft/core/rounds/state";
import { BlobFault } from "@engraft/runtime/blob-fault";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { StorageFaults } from "../store/storage-faults.ts";
import type { Effects } from "./effects.ts";

type DeclineCommand = Extract<Command, { do: "decline" }>;
type Named = Pick<Ask, "manifest" | "weights" | "checkpoint" | "start">;
const refsOf = ({ manifest, weights, checkpoint, start }: Named, besides: readonly BlobRef[]): readonly BlobRef[] => [
  manifest,
  weights,
  checkpoint,
  start,
  ...besides,
];

interface Watching {
  readonly blobs: BlobStore;
  readonly faults: StorageFaults;
  /** What sites need for the run besides what an ask names. */
  readonly besides: readonly BlobRef[];
}

/** A site is asked only for what can be given to it: an ask whose blobs are not here, whole, waits instead. */
export function watched(run: string, effects: Effects, { blobs, faults, besides }: Watching): Effects {
  return {
    ...effects,
    ask: (site, ask) =>
      faults.watch(run, "ask", async () => {
        for (const ref of refsOf(ask, besides)) await blobs.mustBeWhole(ref);
        await effects.ask(site, ask);
      }),
    append: (append) => faults.watch(run, "append", () => effects.append(append)),
    step: (due, state) => faults.watch(run, "step", () => effects.step(due, state)),
    combine: (due) => faults.watch(run, "combine", () => effects.combine(due)),
    open: (state) => faults.watch(run, "open", () => effects.open(state)),
    release: (checkpoint) => faults.watch(run, "release", () => effects.release(checkpoint)),
    done: () => {
      faults.forget(run);
      effects.done();
    },
  };
}

/** A site may say that it got damaged bytes only after they were put right: so long its answer is put down to the damage. */
const PUT_DOWN_TO_DAMAGE_MS = 5 * 60_000;

/**
 * A site says that it did not get what it was asked with. Where the fault is here its answer does not count against it: throws
 * `blob-missing` or `digest-mismatch`, and it is asked again when the blob is back.
 */
export async function mustHaveAsked(
  state: RunState,
  { decline }: DeclineCommand,
  blobs: BlobStore,
  besides: readonly BlobRef[],
): Promise<void> {
  if (state.phase === "absent" || (decline.code !== "digest-mismatch" && decline.code !== "blob-missing")) return;
  for (const ref of refsOf(state, besides)) {
    blobs.doubt(ref.digest);
    await blobs.mustBeWhole(ref);
    if (blobs.wasWrong(ref.digest, PUT_DOWN_TO_DAMAGE_MS)) throw new BlobFault(decline.code, ref.digest);
  }
}
