/** Seconds a round may take at a site, from what the site itself said of earlier runs over the same base. Pure. */
import type { RunView } from "../view.ts";
import type { Manifest } from "../../models/manifest.ts";
import type { Plan } from "../../models/plan.ts";
import { totalSize, trainedTensors } from "../../models/tensors.ts";

/** One site's rounds of one earlier run. */
export interface PastRun {
  readonly site: string;
  readonly run: string;
  /** Median of the seconds of training that it said, over its rounds. */
  readonly seconds: number;
  readonly unit: "epochs" | "updates";
  readonly amount: number;
  readonly batch: number;
  /** Values of the base that were trained. */
  readonly trained: number;
  /** Null under secure aggregation. */
  readonly samples: number | null;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Of a run over `manifest`, for each site that trained in it. */
export function pastOf(view: Pick<RunView, "run" | "rounds">, plan: Plan, manifest: Manifest): readonly PastRun[] {
  if (plan.summary !== undefined || plan.training.analytic !== undefined) return [];
  const { amount, batch, trainable } = plan.training;
  const trained = totalSize(trainedTensors(manifest.tensors, trainable));
  const answers = view.rounds.flatMap((round) => round.answers);
  return [...new Set(answers.map(({ site }) => site))].map((site) => {
    const own = answers.filter((answer) => answer.site === site);
    const samples = own.at(-1)?.sampleCount ?? null;
    const seconds = median(own.map((answer) => answer.seconds.train));
    return { site, run: view.run, seconds, unit: amount.unit, amount: amount.count, batch, trained, samples };
  });
}

/** Samples that a round trains on; undefined where that needs a number of patients nobody may know. */
function samplesSeen(unit: PastRun["unit"], amount: number, batch: number, samples: number | null): number | undefined {
  if (unit === "updates") return amount * batch;
  return samples === null ? undefined : amount * samples;
}

/**
 * Its seconds, scaled by the samples that a round trains on, and by values: each sample goes once through all of the base
 * and back through those that are trained, which counts double. Undefined where passes and updates cannot be compared.
 */
export function secondsFrom(past: PastRun, plan: Plan, manifest: Manifest): number | undefined {
  const { amount, batch, trainable, analytic } = plan.training;
  if (plan.summary !== undefined || analytic !== undefined) return undefined;
  const total = totalSize(manifest.tensors);
  const values = (total + 2 * totalSize(trainedTensors(manifest.tensors, trainable))) / (total + 2 * past.trained);
  if (amount.unit === "epochs" && past.unit === "epochs") return past.seconds * (amount.count / past.amount) * values;
  const [then, now] = [
    samplesSeen(past.unit, past.amount, past.batch, past.samples),
    samplesSeen(amount.unit, amount.count, batch, past.samples),
  ];
  return then === undefined || now === undefined ? undefined : past.seconds * (now / then) * values;
}
