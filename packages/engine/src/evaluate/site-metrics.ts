/** What a site may report about predictions on its own patients, for every kind of label. */
import { kindOf, targetsOf, type Label } from "@engraft/core/models/labels";
import type { MetricName } from "@engraft/core/models/metric-names";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { estimates, type Measure } from "./bootstrap.ts";
import { classMeasure, confusionOf } from "./classes.ts";
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
  /** A confusion matrix is given only where every class that occurs has so many patients. */
  readonly minCount: number;
}

/** A class with fewer patients is not counted out by name: `positives` is null then. */
const SMALLEST_NAMED_CLASS = 5;

/**
 * `n` counts patients, not rows. Intervals are of resamples within strata: of yes and no (a patient with a yes in some row is one of
 * yes), of events and censored, or of each patient's highest class. `positives` is null where one of the two has fewer than 5 patients.
 */
export function siteMetrics(predicted: Predicted, { names, thresholds, minCount }: MetricOptions): SiteMetrics {
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
    values: estimates(measureOf(predicted, names, thresholds), strata, names),
    ...(cut === undefined ? {} : { thresholds: [...cut] }),
    ...(matrix === null ? {} : { confusion: matrix }),
  };
}

function measureOf(predicted: Predicted, names: readonly MetricName[], thresholds: readonly number[] | undefined): Measure {
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
      return survivalMeasure(predicted);
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
