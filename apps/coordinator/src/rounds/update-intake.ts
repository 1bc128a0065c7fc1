/** From a site's word that an update is ready to the round machine's answer: refuse early, fetch, measure, decide. */
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import { NOTHING_MEASURED, type Measure } from "@engraft/core/aggregation/mean";
import { decide, type Command } from "@engraft/core/rounds/decide";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { measure } from "./measure.ts";
import { refusedAnswer } from "./run-audit.ts";
import type { Runner } from "./runner.ts";
import type { Outcome, Statement } from "./step.ts";
import type { UpdateBlobs } from "./update-blobs.ts";

export type UpdateCommand = Extract<Command, { do: "update" }>;

interface Intake {
  readonly runner: Runner;
  readonly blobs: BlobStore;
  readonly updates: UpdateBlobs;
  readonly fetch: (ref: BlobRef) => Promise<void>;
  readonly command: Omit<UpdateCommand, "measure">;
  readonly statement: Statement;
  readonly now: () => number;
}

/** Throws `link-lost` where the site went away: it is asked again when it is back. */
export async function takeUpdate(intake: Intake): Promise<Outcome> {
  const { runner, updates, command, statement } = intake;
  // What is refused whatever the vector holds is not fetched. It is not decided again in the queue either: there it could have
  // become welcome by then, without ever having been measured.
  const unmeasured: UpdateCommand = { ...command, measure: NOTHING_MEASURED };
  const expected = decide(runner.params, runner.state, unmeasured);
  if (isRefusal(expected)) return runner.refuse(unmeasured, expected);
  if (refusedAnswer(unmeasured, expected) !== undefined) return runner.submit(unmeasured, statement);
  const { digest } = command.update.update;
  await updates.hold(digest);
  const measured = await fetchAndMeasure(intake).catch((error: unknown) => {
    updates.letGo(digest);
    throw error;
  });
  if (isRefusal(measured)) {
    updates.letGo(digest);
    return measured;
  }
  // Where this throws, the event may have been stored all the same: the blob stays.
  const outcome = await runner.submit({ ...command, at: intake.now(), measure: measured }, statement);
  const counts = !isRefusal(outcome) && outcome.some((event) => event.type === "update.accepted" && event.site === command.site);
  if (!counts) updates.letGo(digest);
  return outcome;
}

async function fetchAndMeasure({ runner, blobs, fetch, command, now }: Intake): Promise<Measure | Refusal> {
  const { update, site } = command;
  try {
    await fetch(update.update);
  } catch (error) {
    if (!(error instanceof EngraftError) || (error.code !== "blob-missing" && error.code !== "digest-mismatch")) throw error;
    // Nothing to wait for: the site does not have what it signed.
    const text = "The site could not deliver the update that it signed.";
    const decline = { run: update.run, round: update.round, kind: "train", plan: update.plan, code: error.code, text } as const;
    await runner.submit({ do: "decline", at: now(), site, decline });
    return refuse(error.code, text);
  }
  return measure(blobs, update.update.digest);
}
