/** A site's predictions as counts that can be summed with other sites' (core's models/tally.ts). */
import { targetsOf } from "@engraft/core/models/labels";
import type { Tally } from "@engraft/core/models/tally";
import type { ClassTally } from "@engraft/core/models/tallies/classes";
import { BINS, binOf, EIGHTHS } from "@engraft/core/models/tallies/counting";
import type { RegressionTally } from "@engraft/core/models/tallies/regression";
import { LARGEST_LOSS, type SurvivalTally } from "@engraft/core/models/tallies/survival";
import type { YesNoTally } from "@engraft/core/models/tallies/yes-no";
import { likeliest } from "./classes.ts";
import { notSure, rank } from "./metrics.ts";
import type { Predicted } from "./site-metrics.ts";
import { horizonMeasure, type Baseline, type HorizonSums } from "./horizon.ts";
import { byTime } from "./by-time.ts";
import { pairsOf, partialLikelihood } from "./survival.ts";

const zeros = (length: number): number[] => Array.from({ length }, () => 0);

const increment = (counts: number[], at: number): void => {
  counts[at] = (counts[at] as number) + 1;
};

const patientsIn = (patients: ArrayLike<number>, holds: (row: number) => boolean = () => true): number =>
  new Set(Array.from(patients).filter((_, row) => holds(row))).size;

export interface TallyOptions {
  /** The plan's. */
  readonly horizon?: number | undefined;
  /** Of the same model on training patients. Without it nothing is said of the time up to the horizon. */
  readonly baseline?: Baseline | undefined;
}

/** Rows are counted as the metrics count them, with the same clipped losses. */
export function tallyOf(predicted: Predicted, { horizon, baseline }: TallyOptions = {}): Tally {
  const { label, patients } = predicted;
  switch (label.kind) {
    case undefined:
      return yesNoTally(predicted, 0);
    case "multilabel":
      return { kind: "multilabel", patients: patientsIn(patients), labels: label.labels.map((_, output) => yesNoTally(predicted, output)) };
    case "multiclass":
    case "ordinal":
      return classTally(predicted, label.classes.length);
    case "regression":
      return regressionTally(predicted, label);
    case "survival":
      return { ...survivalTally(predicted), ...(horizon === undefined ? {} : { horizon: horizonSums(predicted, baseline) }) };
    default:
      return label satisfies never;
  }
}

/** Of the rows in which the label is known. */
function yesNoTally({ label, predictions, y, patients: patientOf }: Predicted, output: number): YesNoTally {
  const width = targetsOf(label);
  const rows = Array.from(patientOf, (_, row) => row).filter((row) => !Number.isNaN(y[row * width + output]));
  const of = (values: ArrayLike<number>): number[] => rows.map((row) => values[row * width + output] as number);
  const ranked = rank(
    of(predictions),
    of(y),
    rows.map((row) => patientOf[row] as number),
  );
  const [positives, negatives, scores] = [zeros(BINS), zeros(BINS), zeros(EIGHTHS)];
  let [loss, brier] = [0, 0];
  for (const [at, score] of ranked.scores.entries()) {
    const yes = ranked.labels[at] === 1;
    const bin = binOf(score);
    increment(yes ? positives : negatives, bin);
    const eighth = Math.floor((bin * EIGHTHS) / BINS);
    scores[eighth] = (scores[eighth] as number) + score;
    loss += ranked.losses[at] as number;
    brier += (score - (yes ? 1 : 0)) ** 2;
  }
  const patients = patientsIn(ranked.patients);
  const positivePatients = patientsIn(ranked.patients, (at) => ranked.labels[at] === 1);
  return { patients, positivePatients, positives, negatives, scores, loss, brier };
}

function classTally({ predictions, y, patients }: Predicted, classes: number): ClassTally {
  const each = (): number[][] => Array.from({ length: classes }, () => zeros(BINS));
  const [positives, negatives, confusion] = [each(), each(), zeros(classes * classes)];
  let [loss, brier] = [0, 0];
  for (let row = 0; row < patients.length; row++) {
    const truth = y[row] as number;
    increment(confusion, truth * classes + likeliest(predictions, row, classes));
    loss -= Math.log(notSure(predictions[row * classes + truth] as number));
    for (let index = 0; index < classes; index++) {
      const probability = predictions[row * classes + index] as number;
      increment((truth === index ? positives : negatives)[index] as number[], binOf(probability));
      brier += (probability - (truth === index ? 1 : 0)) ** 2;
    }
  }
  const patientsOf = Array.from({ length: classes }, (_, index) => patientsIn(patients, (row) => y[row] === index));
  return { kind: "classes", patients: patientsIn(patients), patientsOf, confusion, positives, negatives, loss, brier };
}

/** `y` is scaled to -1 to 1 already; here both become shares of the range. */
function regressionTally(
  { predictions, y, patients }: Predicted,
  { min, max }: { readonly min: number; readonly max: number },
): RegressionTally {
  const sums = { absolute: 0, squares: 0, truth: 0, truthSquares: 0, said: 0, saidSquares: 0, both: 0 };
  for (let row = 0; row < patients.length; row++) {
    const [truth, said] = [((y[row] as number) + 1) / 2, ((predictions[row] as number) - min) / (max - min)];
    sums.absolute += Math.abs(truth - said);
    sums.squares += (truth - said) ** 2;
    sums.truth += truth;
    sums.truthSquares += truth * truth;
    sums.said += said;
    sums.saidSquares += said * said;
    sums.both += truth * said;
  }
  return { kind: "regression", patients: patientsIn(patients), rows: patients.length, ...sums };
}

function survivalTally({ predictions, y, patients }: Predicted): SurvivalTally {
  const sorted = byTime(predictions, y);
  const once = (): number => 1;
  const { loss, events } = partialLikelihood(sorted, once);
  return {
    kind: "survival",
    patients: patientsIn(patients),
    eventPatients: patientsIn(patients, (row) => y[2 * row + 1] === 1),
    rows: patients.length,
    events,
    ...pairsOf(sorted, once),
    loss: Math.min(loss, events * LARGEST_LOSS),
  };
}

/** Of no row where it cannot be said. */
const horizonSums = (predicted: Predicted, baseline: Baseline | undefined): HorizonSums =>
  (baseline === undefined ? undefined : horizonMeasure(predicted, baseline)(() => 1)) ?? { rows: 0, brier: 0, observed: 0, expected: 0 };
