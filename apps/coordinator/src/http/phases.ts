/** Which phase of a run an event begins, for measuring how long phases last. */
import type { RunEvent } from "@engraft/core/rounds/events";
import type { LiveState } from "@engraft/core/rounds/state";

export type LivePhase = LiveState["phase"];

const PHASES = {
  gathering: true,
  collecting: true,
  combining: true,
  evaluating: true,
  advertising: true,
  dealing: true,
  masking: true,
  unmasking: true,
} as const satisfies Record<LivePhase, true>;

export const LIVE_PHASES = Object.keys(PHASES) as readonly LivePhase[];

/** Undefined where the run stays in its phase. */
export function phaseAfter({ type }: Pick<RunEvent, "type">): LivePhase | "ended" | undefined {
  switch (type) {
    case "run.created":
    case "checkpoint.written":
    case "sum.opened":
    case "attempt.failed":
    case "round.failed":
      return "gathering";
    case "round.opened":
      return "collecting";
    case "round.closed":
      return "combining";
    case "evaluation.opened":
      return "evaluating";
    case "attempt.opened":
      return "advertising";
    case "roster.fixed":
      return "dealing";
    case "shares.fixed":
      return "masking";
    case "inputs.fixed":
      return "unmasking";
    case "run.finished":
    case "run.stopped":
    case "run.failed":
      return "ended";
    default:
      return undefined;
  }
}
