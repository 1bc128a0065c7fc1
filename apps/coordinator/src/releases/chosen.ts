/** Which checkpoint of a run becomes a release: its last, which sites have judged on test patients, or an earlier one that an admin chose. */
import { EngraftError } from "@engraft/core/base/errors";
import { eventsUpTo, viewAt, writtenRounds } from "@engraft/core/rounds/earlier-round";
import { runView, type RunView } from "@engraft/core/rounds/view";
import type { App } from "../app.ts";
import { candidateFiles, type ReleaseFile } from "../rounds/release.ts";
import type { Finished } from "./provenance.ts";

/** What a release is made of. Of an earlier checkpoint, with its round, nothing later is told and its files are made now. */
interface Chosen {
  readonly finished: Finished;
  readonly view: RunView;
  /** Undefined for the last one, whose files are there. */
  readonly round: number | undefined;
  readonly files: readonly ReleaseFile[] | undefined;
  /** That wrote a checkpoint in the whole run. */
  readonly rounds: number;
}

/** Throws `not-found` where the round wrote no checkpoint, `blob-missing` where it was let go. */
export async function chosenCheckpoint({ blobs }: Pick<App, "blobs">, finished: Finished, round: number | undefined): Promise<Chosen> {
  const view = runView(finished.events);
  if (view === undefined) throw new Error("Bug: a finished run without events");
  const written = writtenRounds(view);
  const last = { finished, view, round: undefined, files: undefined, rounds: written.length };
  if (round === undefined || round === written.at(-1)) return last;
  const earlier = viewAt(view, round);
  if (earlier === undefined)
    throw new EngraftError("not-found", `Round ${round} of ${view.run} wrote no checkpoint. ${await there({ blobs }, view)}`);
  if ((await blobs.size(earlier.checkpoint.digest)) === undefined)
    throw new EngraftError(
      "blob-missing",
      `The checkpoint of round ${round} was let go some time after the run's end. ${await there({ blobs }, view)}`,
    );
  const { created, plan, manifest, coordinator } = finished;
  const cut = { ...finished, events: eventsUpTo(finished.events, round) };
  const source = {
    run: view.run,
    params: { plan, planDigest: created.plan },
    manifest,
    manifestDigest: created.manifest.digest,
    checkpoint: earlier.checkpoint,
    round,
    coordinator,
  };
  const files = await candidateFiles(blobs, source, { view: earlier, events: cut.events });
  return { finished: cut, view: earlier, round, files, rounds: written.length };
}

/** Rounds whose checkpoint is still here, the newest first. */
export async function roundsThere({ blobs }: Pick<App, "blobs">, view: RunView): Promise<readonly number[]> {
  const kept = await Promise.all(
    view.rounds.map(async ({ round, checkpoint }) =>
      checkpoint !== null && (await blobs.size(checkpoint.digest)) !== undefined ? [round] : [],
    ),
  );
  return kept.flat().toReversed();
}

const there = async (app: Pick<App, "blobs">, view: RunView): Promise<string> =>
  `There are those of the rounds ${(await roundsThere(app, view)).slice(0, 50).join(", ")}.`;
