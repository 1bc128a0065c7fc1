/** A site's part of an analytic round: sums over its training samples; and the same rounds on this site's data alone. */
import { coxStatistics, type SurvivalSamples } from "@engraft/core/aggregation/cox";
import { nextHead } from "@engraft/core/aggregation/head";
import { statisticsOf, type Statistics } from "@engraft/core/aggregation/statistics";
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { analyticOf, likelihoodOf, type Analytic } from "@engraft/core/models/analytic";
import type { Plan } from "@engraft/core/models/plan";
import type { Samples } from "../data/samples.ts";
import { inSlices } from "./slices.ts";
import type { CompiledModel } from "./trainer.ts";

/** What the head takes of each sample, and how many inputs it has. */
export interface HeadView {
  readonly samples: Samples;
  readonly inputs: number;
}

/** `whole`: every trained parameter, as the engine has them. Nothing in front of the head changes in analytic rounds. */
export async function headView(model: CompiledModel, samples: Samples, whole: Float32Array): Promise<HeadView> {
  const x = await inSlices(samples, (slice, rows) => model.headInputs(slice, rows, whole));
  const inputs = samples.rows === 0 ? 0 : x.length / samples.rows;
  return { samples: { ...samples, x, width: inputs }, inputs };
}

/** The plan's analytic settings. A plan without them has no analytic round to be asked for. */
export function analyticSettings({ training }: Plan): Analytic {
  if (training.analytic === undefined) throw new Error("Bug: the plan has no analytic rounds");
  return training.analytic;
}

/** A target is the time, then whether the event was seen. */
function survivalSamples({ rows, width, x, y }: Samples): SurvivalSamples {
  const times = Float64Array.from({ length: rows }, (_, row) => y[2 * row] as number);
  const events = Uint8Array.from({ length: rows }, (_, row) => y[2 * row + 1] as number);
  return { rows, width, x, times, events };
}

function summedAt(plan: Plan, { samples }: HeadView, head: Float32Array): Statistics {
  const { bound } = analyticSettings(plan);
  if (likelihoodOf(plan.data.label) === "hazards") return coxStatistics(survivalSamples(samples), head, bound);
  return statisticsOf(samples, head, bound);
}

/** Sums at the head that ends `start`, or at one of zeros. Throws `data-invalid` where the plan's minimum count is not met. */
export function siteStatistics(plan: Plan, view: HeadView, patients: number, start: Float32Array, fromZero: boolean): Statistics {
  if (view.samples.rows === 0 || patients < plan.metrics.minCount)
    throw new EngraftError(
      "data-invalid",
      "Fewer patients of this table are for training than the plan lets figures be computed from: sums over them do not leave.",
    );
  const head = fromZero ? new Float32Array(view.inputs + 1) : start.slice(start.length - view.inputs - 1);
  return summedAt(plan, view, head);
}

/** Of `rounds` rounds those that are analytic, on this site's samples only; `vector` with the head that they come to. */
export function solvedAlone(plan: Plan, view: HeadView, vector: Float32Array, rounds: number): { vector: Float32Array; rounds: number } {
  const solved = Float32Array.from(vector);
  const at = vector.length - view.inputs - 1;
  let round = 1;
  for (; round <= rounds && analyticOf(plan, { purpose: "train", round }) !== undefined; round++) {
    const head = round === 1 ? new Float32Array(view.inputs + 1) : solved.slice(at);
    const next = nextHead(summedAt(plan, view, head), head, analyticSettings(plan));
    if (isRefusal(next))
      throw new EngraftError("training-failed", "This site's own samples do not determine a head. The plan needs a larger penalty.");
    solved.set(next.value, at);
  }
  return { vector: solved, rounds: round - 1 };
}
