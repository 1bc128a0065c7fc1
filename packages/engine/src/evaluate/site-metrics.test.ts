import { describe, expect, it } from "vitest";
import type { MetricName } from "@engraft/core/models/plan";
import { pairedDifferences, siteMetrics as ofLabel } from "./site-metrics.ts";

const label = { name: "ill", title: "Ill", positive: ["1"], negative: ["0"] };
const siteMetrics = (predictions: readonly number[], y: readonly number[], patients: readonly number[], names: readonly MetricName[]) =>
  ofLabel({ label, predictions, y, patients }, { names, minCount: 1 });

/** 200 patients with scores from a formula, so that the reference could be computed elsewhere. */
const index = Array.from({ length: 200 }, (_, i) => i);
const labels = index.map((i) => (i % 3 === 0 ? 1 : 0));
const scores = index.map((i) => {
  const noise = Math.sin(i * 12.9898) * 43758.5453;
  return (noise - Math.floor(noise) + 0.5 * (labels[i] ?? 0)) / 1.5;
});

it("the interval is that of a stratified percentile bootstrap", () => {
  const { auroc } = siteMetrics(scores, labels, index, ["auroc"]).values;
  // numpy and scikit-learn 1.9.1, 20,000 resamples: .879250, 95 % interval .8296 to .9218.
  expect(auroc?.value).toBeCloseTo(0.8792503647177645, 10);
  expect(Math.abs((auroc?.low ?? 0) - 0.8296)).toBeLessThan(0.006);
  expect(Math.abs((auroc?.high ?? 0) - 0.9218)).toBeLessThan(0.006);
});

it("repeats itself, and holds exactly the metrics that were asked for", () => {
  const metrics = siteMetrics(scores, labels, index, ["auroc", "brier"]);
  expect(siteMetrics(scores, labels, index, ["auroc", "brier"])).toEqual(metrics);
  expect(Object.keys(metrics.values)).toEqual(["auroc", "brier"]);
  for (const estimate of Object.values(metrics.values))
    expect((estimate?.low ?? 1) < (estimate?.value ?? 0) && (estimate?.value ?? 1) < (estimate?.high ?? 0)).toBe(true);
});

describe("several rows of a patient", () => {
  it("count as one patient and are drawn together, so that the interval is wider than that of as many patients", () => {
    const repeat = <T>(values: readonly T[]): T[] => values.flatMap((value) => Array.from({ length: 5 }, () => value));
    const byPatient = siteMetrics(repeat(scores), repeat(labels), repeat(index), ["auroc"]);
    expect(byPatient).toMatchObject({ n: 200, positives: 67 });
    expect(byPatient.values.auroc).toEqual({
      value: expect.closeTo(0.8792503647, 8),
      low: expect.closeTo(siteMetrics(scores, labels, index, ["auroc"]).values.auroc?.low ?? 0, 8),
      high: expect.any(Number),
    });
  });
});

describe("what is not said", () => {
  it("a class of fewer than 5 patients is not counted out", () => {
    const few = (count: number) =>
      siteMetrics(
        scores.slice(0, 40),
        Array.from({ length: 40 }, (_, i) => (i < count ? 1 : 0)),
        index.slice(0, 40),
        ["auroc"],
      ).positives;
    expect([few(0), few(4), few(5), few(35), few(36), few(40)]).toEqual([null, null, 5, 35, null, null]);
  });
  it("with one class only the ranking metrics are null, the others not", () => {
    const { values } = siteMetrics(
      scores,
      scores.map(() => 1),
      index,
      ["auroc", "auprc", "loss", "accuracy", "brier"],
    );
    expect([values.auroc, values.auprc]).toEqual([null, null]);
    expect([values.loss, values.accuracy, values.brier].every((estimate) => Number.isFinite(estimate?.high))).toBe(true);
  });
});

describe("a gain of one model over another", () => {
  const predicted = (predictions: readonly number[]) => ({ predicted: { label, predictions, y: labels, patients: index } });
  const near = scores.map((score, at) => score + 0.01 * Math.sin(at));

  it("[M9] is the difference of their figures, the right way round, and of metrics with a direction only", () => {
    const worse = scores.map((score, at) => (at % 4 === 0 ? 0.5 : score));
    const names: MetricName[] = ["auroc", "brier", "calibration-slope"];
    const gain = pairedDifferences(predicted(scores), predicted(worse), names);
    const [a, b] = [scores, worse].map((each) => siteMetrics(each, labels, index, names).values);
    expect(Object.keys(gain)).toEqual(["auroc", "brier"]);
    expect(gain.auroc?.value).toBeCloseTo((a?.auroc?.value ?? 0) - (b?.auroc?.value ?? 0), 12);
    expect(gain.brier?.value).toBeCloseTo((b?.brier?.value ?? 0) - (a?.brier?.value ?? 0), 12);
    expect(gain.auroc?.value).toBeGreaterThan(0);
  });

  it("[M9] of two that rank nearly alike is far more certain than either figure", () => {
    const { auroc } = pairedDifferences(predicted(scores), predicted(near), ["auroc"]);
    const own = siteMetrics(scores, labels, index, ["auroc"]).values.auroc;
    expect((auroc?.high ?? 1) - (auroc?.low ?? 0)).toBeLessThan(((own?.high ?? 0) - (own?.low ?? 0)) / 5);
    const none = pairedDifferences(predicted(scores), predicted(scores), ["auroc"]).auroc;
    expect(none).toEqual({ value: 0, low: 0, high: 0 });
  });
});
