/** When training is over: after all rounds, or when it no longer helps. */
import { goodness } from "../models/metric-names.ts";
import type { Gathering, RunParams } from "./state.ts";

/** Undefined while there is a round to train. */
export function trainingOver(params: RunParams, state: Gathering): "all-rounds" | "stop-rule" | undefined {
  // A summary's one sum is summed as the figures at the end of a run are.
  if (params.plan.summary !== undefined) return "all-rounds";
  const rounds = state.sums?.begun ?? state.roundsDone;
  if (rounds >= params.plan.rounds.count) return "all-rounds";
  return stopRuleMet(params, state) ? "stop-rule" : undefined;
}

/** R10: the stop rule looks at checkpoints whose validation is known, that is, all but the newest. */
function stopRuleMet(params: RunParams, state: Gathering): boolean {
  const rule = params.plan.rounds.stop;
  if (rule === null) return false;
  const values = state.trace.filter((value) => value !== null).map((value) => goodness(rule.metric, value));
  if (values.length <= rule.patience) return false;
  const before = Math.max(...values.slice(0, -rule.patience));
  return values.slice(-rule.patience).every((value) => value < before + rule.minDelta || value <= before);
}
