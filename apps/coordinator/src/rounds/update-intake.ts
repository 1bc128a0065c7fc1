/** From a site's word that an update is ready to the round machine's answer: refuse early, fetch, measure, decide. */
import { EngraftError, isRefusal, refuse } from "@engraft/core/base/errors";
import { NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import { decide, type Command } from "@engraft/core/rounds/decide";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { BlobStore } from "@engraft/runtime/blobs";
import { measure } from "./measure.ts";
import { refusedAnswer } from "./run-audit.ts";
import type { Outcome, Runner, Statement } from "./runner.ts";

export type UpdateCommand = Extract<Command, { do: "update" }>;

/** Throws `link-lost` where the site went away: it is asked again when it is back. */
export async function takeUpdate(options: {
  readonly runner: Runner;
  readonly blobs: BlobStore;
  readonly fetch: (ref: BlobRef) => Promise<void>;
  readonly command: Omit<UpdateCommand, "measure">;
  readonly statement: Statement;
  readonly now: () => number;
}): Promise<Outcome> {
  const { runner, blobs, fetch, command, statement, now } = options;
  // What is refused whatever the vector holds is not fetched. It is not decided again in the queue either: there it could have
  // become welcome by then, without ever having been measured.
  const unmeasured: UpdateCommand = { ...command, measure: NOTHING_MEASURED };
  const expected = decide(runner.params, runner.state, unmeasured);
  if (isRefusal(expected)) return runner.refuse(unmeasured, expected);
  if (refusedAnswer(unmeasured, expected) !== undefined) return runner.submit(unmeasured, statement);
  const { update, site } = command;
  try {
    await fetch(update.update);
  } catch (error) {
    if (!(error instanceof EngraftError) || (error.code !== "blob-missing" && error.code !== "digest-mismatch")) throw error;
    // Nothing to wait for: the site does not have what it signed.
    const text = "The site could not deliver the update that it signed.";
    await runner.submit({ do: "decline", at: now(), site, decline: { run: update.run, round: update.round, kind: "train", plan: update.plan, code: error.code, text } });
    return refuse(error.code, text);
  }
  return runner.submit({ ...command, at: now(), measure: await measure(blobs, update.update.digest) }, statement);
}
