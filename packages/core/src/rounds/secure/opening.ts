/** What came of opening a sum: the work itself is done by whoever holds the vectors (secagg/unmask.ts). */
import { refuse, type Code, type Refusal } from "../../base/errors.ts";
import type { Digest, SiteName } from "../../base/ids.ts";
import type { PooledFigures } from "../../models/pooled.ts";
import type { BlobRef, RunEvent } from "../events.ts";
import type { LiveState } from "../state.ts";

export type OpeningCommand =
  | {
      readonly do: "opened";
      readonly at: number;
      readonly round: number;
      readonly attempt: number;
      readonly sum: BlobRef;
      readonly totalWeight: number;
      readonly pooled: PooledFigures;
      readonly crooked: readonly SiteName[];
      readonly record: BlobRef;
      /** Null for an evaluation. */
      readonly checkpoint: BlobRef | null;
      readonly serverState?: BlobRef | null;
      readonly online?: readonly SiteName[];
      readonly nonce?: Digest;
    }
  | {
      readonly do: "not-opened";
      readonly at: number;
      readonly round: number;
      readonly attempt: number;
      /** How many releases it was tried with. */
      readonly releases: number;
      readonly code: Code;
      readonly text: string;
      /** Who is proved to have lied, if anybody. */
      readonly blamed: SiteName | null;
    };

interface WrittenCheckpoint {
  readonly at: number;
  readonly round: number;
  readonly checkpoint: BlobRef;
  readonly serverState?: BlobRef | null;
}

/** The event; a strategy that keeps nothing leaves it as it always was. */
export function checkpointWritten({ at, round, checkpoint, serverState = null }: WrittenCheckpoint): RunEvent {
  return { type: "checkpoint.written", at, round, checkpoint, ...(serverState === null ? {} : { serverState }) };
}

export function decideOpening(state: LiveState, command: OpeningCommand): RunEvent[] | Refusal {
  const { at, round } = command;
  if (state.phase !== "unmasking" || state.attempt.round !== round || state.attempt.number !== command.attempt) {
    return refuse("stale-round", "No sum is due for this attempt.");
  }
  const inAttempt = { at, round, attempt: command.attempt };
  if (command.do === "not-opened") {
    const { releases, code, text, blamed } = command;
    return [{ type: "opening.failed", ...inAttempt, releases, code, text, blamed }];
  }
  const { sum, totalWeight, pooled, crooked, record, checkpoint, serverState } = command;
  const sites = state.inputs.map(({ site }) => site);
  return [
    { type: "sum.opened", ...inAttempt, sites, sum, totalWeight, pooled, crooked: [...crooked], record },
    checkpoint === null
      ? { type: "run.finished", at }
      : checkpointWritten({ at, round, checkpoint, ...(serverState === undefined ? {} : { serverState }) }),
  ];
}
