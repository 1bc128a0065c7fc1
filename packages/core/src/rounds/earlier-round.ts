/** A run as it stood when the checkpoint of an earlier round was written: what a release of that checkpoint is made of. */
import type { RunEvent } from "./events.ts";
import type { RunView } from "./view.ts";

/** All that led to the round's checkpoint. */
export const eventsUpTo = (events: readonly RunEvent[], round: number): readonly RunEvent[] =>
  events.slice(0, 1 + events.findIndex((event) => event.type === "checkpoint.written" && event.round === round));

/** Rounds whose checkpoint was written, the oldest first. */
export const writtenRounds = ({ rounds }: Pick<RunView, "rounds">): readonly number[] =>
  rounds.filter(({ checkpoint }) => checkpoint !== null).map(({ round }) => round);

/**
 * With the figures that are of this checkpoint or of those before it: of validation patients, as the sites' next answers told them. Test patients
 * saw the last checkpoint alone. Undefined where the round wrote none.
 */
export function viewAt(view: RunView, round: number): RunView | undefined {
  const checkpoint = view.rounds.find((one) => one.round === round)?.checkpoint;
  if (checkpoint === undefined || checkpoint === null) return undefined;
  const { digest, bytes } = checkpoint;
  return {
    ...view,
    rounds: view.rounds.filter((one) => one.round <= round),
    curve: view.curve.filter((point) => point.round <= round),
    pooledCurve: view.pooledCurve.filter((point) => point.round <= round),
    evaluation: null,
    evaluationRound: null,
    comparisons: [],
    checkpoint: { digest, bytes },
  };
}
