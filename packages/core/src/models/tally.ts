/**
 * What a site counts of a model on its own patients, as whole numbers that can be summed under the masks, and what their sum
 * over all sites says. Each kind of label is counted in a file of its own (tallies/). Free of node's modules.
 */
import { assert, refuse, type Refusal } from "../base/errors.ts";
import type { Label } from "./labels.ts";
import type { Plan } from "./plan.ts";
import type { PooledFigures, PooledMetrics } from "./pooled.ts";
import { youdenBin } from "./ranking-bounds.ts";
import { classFigures, classTotals, classTotalsLength, readClasses, type ClassTally } from "./tallies/classes.ts";
import type { Asked } from "./tallies/counting.ts";
import { readRegression, REGRESSION_TOTALS, regressionFigures, regressionTotals, type RegressionTally } from "./tallies/regression.ts";
import { readSeveral, severalFigures, severalLength, severalTotals, type SeveralTally } from "./tallies/several.ts";
import { readSurvival, survivalFigures, survivalLength, survivalTotals, type SurvivalTally } from "./tallies/survival.ts";
import { readYesNo, YES_NO_TOTALS, yesNoFigures, yesNoTotals, type YesNoTally } from "./tallies/yes-no.ts";

/** One model on one part of one site's patients. Rows are counted, as the site's own metrics count them. */
export type Tally = YesNoTally | SeveralTally | ClassTally | RegressionTally | SurvivalTally;

/** What of a plan says how its tallies are written. */
type Counted = Pick<Plan, "data" | "metrics">;

/** Whole numbers that a tally becomes. */
function lengthOf({ data: { label }, metrics }: Counted): number {
  switch (label.kind) {
    case undefined:
      return YES_NO_TOTALS;
    case "multilabel":
      return severalLength(label.labels.length);
    case "multiclass":
    case "ordinal":
      return classTotalsLength(label.classes.length);
    case "regression":
      return REGRESSION_TOTALS;
    case "survival":
      return survivalLength(metrics.horizon !== undefined);
    default:
      return label satisfies never;
  }
}

/** A site that may say nothing counts as nobody. */
function tallyTotals(plan: Counted, tally: Tally | null): readonly number[] {
  const totals = tally === null ? Array.from({ length: lengthOf(plan) }, () => 0) : written(tally);
  assert(totals.length === lengthOf(plan), "a tally of another label");
  return totals;
}

function written(tally: Tally): readonly number[] {
  switch (tally.kind) {
    case undefined:
      return yesNoTotals(tally);
    case "multilabel":
      return severalTotals(tally);
    case "classes":
      return classTotals(tally);
    case "regression":
      return regressionTotals(tally);
    case "survival":
      return survivalTotals(tally);
    default:
      return tally satisfies never;
  }
}

/** A sum's tally, where its counts go together; else undefined. */
function readTotals({ data: { label }, metrics }: Counted, totals: readonly number[], sites: number): Tally | undefined {
  switch (label.kind) {
    case undefined:
      return readYesNo(totals, sites);
    case "multilabel":
      return readSeveral(totals, sites, label.labels.length);
    case "multiclass":
    case "ordinal":
      return readClasses(totals, sites, label.classes.length);
    case "regression":
      return readRegression(totals, sites);
    case "survival":
      return readSurvival(totals, sites, metrics.horizon !== undefined);
    default:
      return label satisfies never;
  }
}

function figuresOf(label: Label, tally: Tally, asked: Asked): PooledMetrics {
  switch (tally.kind) {
    case undefined:
      return yesNoFigures(tally, asked);
    case "multilabel":
      return severalFigures(tally, asked);
    case "classes":
      return classFigures(tally, asked);
    case "regression":
      assert(label.kind === "regression", "a tally of another label");
      return regressionFigures(tally, label, asked);
    case "survival":
      return survivalFigures(tally, asked);
    default:
      return tally satisfies never;
  }
}

/** For each yes/no label the bin from which on a score is a yes, chosen on these patients. */
function yesFromOf(tally: Tally): readonly number[] | undefined {
  const labels = tally.kind === undefined ? [tally] : tally.kind === "multilabel" ? tally.labels : undefined;
  return labels?.map(({ positives, negatives }) => youdenBin(positives, negatives));
}

export type Model = keyof PooledFigures;
type Purpose = "train" | "evaluate";

/** Which tallies a round sums, in this order. */
export const talliesOf = (plan: Plan, purpose: Purpose): readonly Model[] => {
  // A summary counts patients, and nothing that a model says of them.
  if (plan.summary !== undefined) return [];
  return purpose === "train"
    ? ["validation"]
    : ["validation", "base", "federated", ...(plan.metrics.compareAlone ? (["alone"] as const) : [])];
};

export const totalsLength = (plan: Plan, purpose: Purpose): number => lengthOf(plan) * talliesOf(plan, purpose).length;

/** The totals of one site's vector. */
export const totalsOf = (plan: Plan, purpose: Purpose, tallies: Readonly<Partial<Record<Model, Tally | null>>>): readonly number[] =>
  talliesOf(plan, purpose).flatMap((model) => tallyTotals(plan, tallies[model] ?? null));

/** What a sum's totals say. `sum-out-of-range` where no honest sites can have given them. `sites`: how many are in the sum. */
export function pooledFigures(
  plan: Plan,
  purpose: Purpose,
  totals: readonly number[],
  sites: number,
): { readonly ok: true; readonly value: PooledFigures } | Refusal {
  const { label } = plan.data;
  const length = lengthOf(plan);
  const figures: Record<Model, PooledMetrics | null> = { validation: null, base: null, alone: null, federated: null };
  const models = talliesOf(plan, purpose);
  const reads = models.map((_, at) => readTotals(plan, totals.slice(at * length, (at + 1) * length), sites));
  // Chosen on the federated model's validation patients, so it is no threshold of other models.
  const yesFrom = reads[0] === undefined ? undefined : yesFromOf(reads[0]);
  for (const [at, model] of models.entries()) {
    const tally = reads[at];
    if (tally === undefined || totals.length !== totalsLength(plan, purpose)) {
      return refuse("sum-out-of-range", "The summed counts cannot come from these sites: a site sent nonsense.");
    }
    const { names, minCount } = plan.metrics;
    const asked = { names, minCount, sites, yesFrom: model === "validation" || model === "federated" ? yesFrom : undefined };
    figures[model] = tally.patients < minCount ? null : figuresOf(label, tally, asked);
  }
  return { ok: true, value: figures };
}
