/** What acting on a model's yes would bring, over thresholds: the decision curve (Vickers and Elkin 2006). Free of node's modules. */
import type { DecisionPoint } from "../pooled.ts";

/** Rows with scores up to an edge, from the edge before. */
export interface Step {
  readonly count: number;
  readonly positives: number;
  /** Above all of its scores; no score of the next step is below. */
  readonly until: number;
}

/**
 * Net benefit at the edges between steps: true positives less false positives, each of these worth t/(1 - t), over all rows; and that of a yes
 * for everybody. The steps are those of the calibration curve, so that the two together tell no more than one.
 */
export function decisionCurve(steps: readonly Step[]): DecisionPoint[] {
  const all = steps.reduce((sum, { count }) => sum + count, 0);
  const yes = steps.reduce((sum, { positives }) => sum + positives, 0);
  let [above, yesAbove] = [all, yes];
  return steps.slice(0, -1).map(({ count, positives, until: threshold }) => {
    [above, yesAbove] = [above - count, yesAbove - positives];
    const worth = threshold / (1 - threshold);
    return { threshold, net: (yesAbove - (above - yesAbove) * worth) / all, everybody: (yes - (all - yes) * worth) / all };
  });
}
