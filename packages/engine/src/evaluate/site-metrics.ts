/** What a site may report about predictions on its own patients, for every kind of label. */
import { kindOf, targetsOf, type Label } from "@engraft/core/models/labels";
import { goodness, hasDirection, type MetricName } from "@engraft/core/models/metric-names";
import type { Estimate, SiteGain, SiteMetrics } from "@engraft/core/models/metrics";
import { estimates, type Measure } from "./bootstrap.ts";
import { classMeasure, confusionOf } from "./classes.ts";
import type { Baseline } from "./horizon.ts";
import { aurocDifference } from "./delong.ts";
import { regressionMeasure } from "./regression.ts";
import { survivalMeasure } from "./survival.ts";
import { AT_THRESHOLD } from "./thresholds.ts";
import { yesNoMeasure } from "./yes-no.ts";

/** Predictions of a part's samples, as `predictionsOf` gives them, with what is true. */
export interface Predicted {
  readonly label: Label;
  /** Row-major, rows x outputs. */
  readonly predictions: ArrayLike<number>;
  /** Row-major, rows x targets. */
  readonly y: ArrayLike<number>;
  /** Which patient each row belongs to: 0, 1, ... */
  readonly patients: ArrayLike<number>;
}

export interface MetricOptions {
  readonly names: readonly MetricName[];
  /** For each yes/no label; one half where absent. */
  readonly thresholds?: readonly number[] | undefined;
  /** Of the same model on training patients, where the plan names a horizon. */
  readonly baseline?: Baseline | undefined;
  /** A confusion matrix is given only where every class that occurs has so many patients. */
  readonly minCount: number;
}

/** A class with fewer patients is not counted out by name: `positives` is null then. */
const SMALLEST_NAMED_CLASS = 5;

/**
 * `n` counts patients, not rows. Intervals are of resamples within strata: of yes and no (a patient with a yes in some row is one of
 * yes), of events and censored, or of each patient's highest class. `positives` is null where one of the two has fewer than 5 patients.
 */
export function siteMetrics(predicted: Predicted, { names, thresholds, baseline, minCount }: MetricOptions): SiteMetrics {
  const { label } = predicted;
  const strata = strataOf(predicted);
  const n = strata.length;
  const positives = strata.filter((stratum) => stratum === 1).length;
  const counted = label.kind === undefined || label.kind === "survival";
  const matrix = label.kind === "multiclass" || label.kind === "ordinal" ? confusionOf(predicted, label.classes.length, minCount) : null;
  const cut = names.some((name) => AT_THRESHOLD.has(name)) ? thresholds : undefined;
  return {
    n,
    positives: !counted || Math.min(positives, n - positives) < SMALLEST_NAMED_CLASS ? null : positives,
    values: estimates(measureOf(predicted, names, thresholds, baseline), strata, names),
    ...(cut === undefined ? {} : { thresholds: [...cut] }),
    ...(matrix === null ? {} : { confusion: matrix }),
  };
}

/** How a model's predictions are measured: at which thresholds, with which baseline hazard. Both are of the model itself. */
export interface Judged {
  readonly predicted: Predicted;
  readonly thresholds?: readonly number[] | undefined;
  readonly baseline?: Baseline | undefined;
}

/**
 * By metric the goodness of the first's figure less the second's, of the same rows, with the interval of 1000 resamples of patients that are the
 * same for both; null where it cannot be said. Of metrics that have a direction only.
 */
export function pairedDifferences(first: Judged, second: Judged, all: readonly MetricName[]): SiteGain {
  const names = all.filter(hasDirection);
  const [one, other] = [first, second].map(({ predicted, thresholds, baseline }) => measureOf(predicted, names, thresholds, baseline)) as [
    Measure,
    Measure,
  ];
  const measure: Measure = (weights) => {
    const [a, b] = [one(weights), other(weights)];
    return Object.fromEntries(
      names.map((name) => {
        const [left, right] = [a[name] ?? null, b[name] ?? null];
        return [name, left === null || right === null ? null : goodness(name, left) - goodness(name, right)];
      }),
    );
  };
  return estimates(measure, strataOf(first.predicted), names);
}

/** Likewise of two models that are to be released; the area under the ROC curve of a yes/no label by its own theory, without resamples. */
export function releaseDifferences(first: Judged, second: Judged, names: readonly MetricName[]): SiteGain {
  const { label, predictions, y, patients } = first.predicted;
  const resampled = pairedDifferences(first, second, names);
  if (label.kind !== undefined || resampled.auroc === undefined) return resampled;
  return { ...resampled, auroc: aurocDifference({ first: predictions, second: second.predicted.predictions, y, patients }) };
}

export const pairedDifference = (first: Predicted, second: Predicted, name: MetricName): Estimate | null =>
  pairedDifferences({ predicted: first }, { predicted: second }, [name])[name] ?? null;

function measureOf(
  predicted: Predicted,
  names: readonly MetricName[],
  thresholds: readonly number[] | undefined,
  baseline?: Baseline,
): Measure {
  const { label } = predicted;
  switch (label.kind) {
    case undefined:
    case "multilabel":
      return yesNoMeasure(predicted, names, thresholds);
    case "multiclass":
    case "ordinal":
      return classMeasure(predicted, label.classes.length, kindOf(label) === "ordinal");
    case "regression":
      return regressionMeasure(predicted, label);
    case "survival":
      return survivalMeasure(predicted, baseline);
    default:
      return label satisfies never;
  }
}

/** What each patient is drawn among: its highest class, 1 for a yes or an event in some row. */
function strataOf({ label, y, patients }: Predicted): readonly number[] {
  const targets = targetsOf(label);
  const strata: number[] = [];
  for (let row = 0; row < patients.length; row++) {
    const patient = patients[row] as number;
    strata[patient] = Math.max(strata[patient] ?? 0, stratumOf(label, y, row * targets));
  }
  return strata;
}

function stratumOf(label: Label, y: ArrayLike<number>, at: number): number {
  if (label.kind === "regression") return 0;
  if (label.kind === "survival") return y[at + 1] as number;
  if (label.kind === "multilabel") return label.labels.some((_, index) => y[at + index] === 1) ? 1 : 0;
  return y[at] as number;
}
