/** Figures of one yes/no label, or of several: then the mean over those for which a figure is defined. */
import { outputsOf } from "@engraft/core/models/labels";
import type { MetricName } from "@engraft/core/models/metric-names";
import { EIGHTHS } from "@engraft/core/models/tallies/counting";
import type { Measure } from "./bootstrap.ts";
import { metricsOf, rank, type Ranked } from "./metrics.ts";
import type { Predicted } from "./site-metrics.ts";
import { AT_THRESHOLD } from "./thresholds.ts";

const CALIBRATION: ReadonlySet<MetricName> = new Set(["calibration-slope", "calibration-intercept"]);

/** Only what is named is worked out. */
export function yesNoMeasure(
  { label, predictions, y, patients }: Predicted,
  names: readonly MetricName[],
  thresholds?: readonly number[],
): Measure {
  const outputs = outputsOf(label);
  const wanted = { threshold: names.some((name) => AT_THRESHOLD.has(name)), line: names.some((name) => CALIBRATION.has(name)) };
  const each = Array.from({ length: outputs }, (_, output): Measure => {
    const rows = Array.from(patients, (_patient, row) => row).filter((row) => !Number.isNaN(y[row * outputs + output]));
    const of = (values: ArrayLike<number>): number[] => rows.map((row) => values[row * outputs + output] as number);
    const ranked = rank(
      of(predictions),
      of(y),
      rows.map((row) => patients[row] as number),
    );
    return (weights) => ({
      ...metricsOf(ranked, weights),
      ece: names.includes("ece") ? calibrationError(ranked, weights) : null,
      ...(wanted.threshold ? atThreshold(ranked, weights, thresholds?.[output] ?? 0.5) : {}),
      ...(wanted.line ? calibrationLine(ranked, weights) : {}),
    });
  });
  return each.length === 1 ? (each[0] as Measure) : meanOver(each, names);
}

function meanOver(measures: readonly Measure[], names: readonly MetricName[]): Measure {
  return (weights) => {
    const all = measures.map((measure) => measure(weights));
    const mean = (name: MetricName): number | null => {
      const values = all.map((figures) => figures[name] ?? null).filter((value) => value !== null);
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    return Object.fromEntries(names.map((name) => [name, mean(name)]));
  };
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

/** Scores from `threshold` on are a yes. f1 is the harmonic mean of PPV and sensitivity, 2 TP / (2 TP + FP + FN). */
function atThreshold({ scores, labels, patients }: Ranked, weights: ArrayLike<number>, threshold: number) {
  let [tp, fp, tn, fn] = [0, 0, 0, 0];
  for (const [at, score] of scores.entries()) {
    const weight = weights[patients[at] as number] as number;
    if (labels[at] === 1) {
      if (score >= threshold) tp += weight;
      else fn += weight;
    } else if (score >= threshold) fp += weight;
    else tn += weight;
  }
  return {
    sensitivity: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    ppv: share(tp, tp + fp),
    npv: share(tn, tn + fn),
    f1: share(2 * tp, 2 * tp + fp + fn),
  };
}

/**
 * Expected calibration error (Naeini et al. 2015): the mean over rows of |mean score - share of yes| of the row's bin. Eight bins of equal
 * width, those of the pooled calibration curve.
 */
function calibrationError({ scores, labels, patients }: Ranked, weights: ArrayLike<number>): number | null {
  const off = new Float64Array(EIGHTHS);
  let rows = 0;
  for (const [at, score] of scores.entries()) {
    const weight = weights[patients[at] as number] as number;
    const bin = Math.min(EIGHTHS - 1, Math.floor(score * EIGHTHS));
    off[bin] = (off[bin] as number) + weight * (score - (labels[at] as number));
    rows += weight;
  }
  return rows === 0 ? null : off.reduce((sum, value) => sum + Math.abs(value), 0) / rows;
}

const NEWTON_STEPS = 25;

/**
 * Logistic recalibration (Cox 1958): logit P(yes) = intercept + slope logit(score), fitted by Newton's method. Null with one class only, and
 * where scores separate the classes, for which there is no finite fit.
 */
function calibrationLine({ scores, labels, patients, logits }: Ranked, weights: ArrayLike<number>) {
  let [a, b] = [0, 1];
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0];
    for (let at = 0; at < scores.length; at++) {
      const weight = weights[patients[at] as number] as number;
      if (weight === 0) continue;
      const x = logits[at] as number;
      const p = 1 / (1 + Math.exp(-(a + b * x)));
      const [off, curve] = [weight * ((labels[at] as number) - p), weight * p * (1 - p)];
      ga += off;
      gb += off * x;
      haa += curve;
      hab += curve * x;
      hbb += curve * x * x;
    }
    const determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-12 * haa * hbb)) break;
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
    [a, b] = [a + da, b + db];
    if (!(Math.abs(a) + Math.abs(b) < 1e3)) break;
    if (Math.abs(da) + Math.abs(db) < 1e-9) return { "calibration-slope": b, "calibration-intercept": a };
  }
  return { "calibration-slope": null, "calibration-intercept": null };
}
