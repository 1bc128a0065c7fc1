/** Which figures there are, and which of them a label has. Free of schemas, so that a page that only shows a run does not carry them. */
import type { LabelKind } from "./labels.ts";

export const METRIC_NAMES = [
  "auroc",
  "auprc",
  "accuracy",
  "loss",
  "brier",
  "sensitivity",
  "specificity",
  "ppv",
  "npv",
  "f1",
  "ece",
  "calibration-slope",
  "calibration-intercept",
  "balanced-accuracy",
  "macro-f1",
  "weighted-kappa",
  "mae",
  "rmse",
  "r2",
  "c-index",
  "integrated-brier",
  "observed-expected",
] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

const OF_CLASSES = ["accuracy", "balanced-accuracy", "macro-f1", "auroc", "loss", "brier"] as const;
const OF_YES_AND_NO = ["auroc", "auprc", "accuracy", "loss", "brier", "sensitivity", "specificity", "ppv", "npv", "f1", "ece"] as const;

/** The figures of each kind of label; engine, evaluate/ says how each is defined. */
export const METRICS_OF: Readonly<Record<LabelKind, readonly MetricName[]>> = {
  binary: [...OF_YES_AND_NO, "calibration-slope", "calibration-intercept"],
  multilabel: OF_YES_AND_NO,
  multiclass: OF_CLASSES,
  ordinal: ["weighted-kappa", ...OF_CLASSES],
  regression: ["mae", "rmse", "r2", "loss", "calibration-slope", "calibration-intercept"],
  survival: ["c-index", "loss", "integrated-brier", "observed-expected"],
};

/** Figures up to a time that the plan names. */
export const AT_HORIZON: ReadonlySet<MetricName> = new Set(["integrated-brier", "observed-expected"]);

/** What is best: as large or as small as can be, or a number that it should be. */
type Best = "large" | "small" | number;

const BEST: Readonly<Record<MetricName, Best>> = {
  auroc: "large",
  auprc: "large",
  accuracy: "large",
  loss: "small",
  brier: "small",
  sensitivity: "large",
  specificity: "large",
  ppv: "large",
  npv: "large",
  f1: "large",
  ece: "small",
  "calibration-slope": 1,
  "calibration-intercept": 0,
  "balanced-accuracy": "large",
  "macro-f1": "large",
  "weighted-kappa": "large",
  mae: "small",
  rmse: "small",
  r2: "large",
  "c-index": "large",
  "integrated-brier": "small",
  "observed-expected": 1,
};

/** A figure as a number of which more is better, whichever way the metric goes. */
export function goodness(metric: MetricName, value: number): number {
  const best = BEST[metric];
  if (best === "large") return value;
  return best === "small" ? -value : -Math.abs(value - best);
}

/** Whether more or less of it is better all the way, so that a difference of two figures says which model is better. */
export const hasDirection = (metric: MetricName): boolean => typeof BEST[metric] === "string";
