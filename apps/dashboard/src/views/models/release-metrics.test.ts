import type { Comparison } from "@engraft/core/rounds/view";
import { expect, it } from "vitest";
import { metrics } from "../runs/run.fixture.ts";
import { bestMetric, gainOf, isPaired, meanGain, metricsIn } from "./release-metrics.ts";

const comparison = (federated: number, alone: number): Comparison => ({
  site: "a" as Comparison["site"],
  base: null,
  alone: metrics(alone),
  federated: metrics(federated),
});

it("a gain's interval is that of a difference of independent figures", () => {
  const gain = gainOf(comparison(0.85, 0.8), "auroc");
  expect(gain?.value).toBeCloseTo(0.05, 12);
  expect(gain?.low).toBeCloseTo(0.05 - Math.hypot(0.05, 0.05), 12);
  expect(gain?.high).toBeCloseTo(0.05 + Math.hypot(0.05, 0.05), 12);
});

it("a gain is positive where the shared model is better, also for metrics that should be small", () => {
  const loss = (value: number) => ({ n: 50, positives: null, values: { loss: { value, low: value - 0.1, high: value + 0.2 } } });
  const gain = gainOf({ ...comparison(0, 0), federated: loss(0.4), alone: loss(0.6) }, "loss");
  expect(gain?.value).toBeCloseTo(0.2, 12);
  expect(gain?.low).toBeCloseTo(0.2 - Math.hypot(0.2, 0.1), 12);
  expect(gain?.high).toBeCloseTo(0.2 + Math.hypot(0.1, 0.2), 12);
});

it("a gain that a site has worked out for both models together counts as it is", () => {
  const paired = { ...comparison(0.85, 0.8), gain: { auroc: { value: 0.05, low: 0.02, high: 0.08 }, brier: null } };
  expect(gainOf(paired, "auroc")).toEqual({ value: 0.05, low: 0.02, high: 0.08 });
  expect(isPaired([paired], "auroc")).toBe(true);
  expect(isPaired([paired, comparison(0.85, 0.8)], "auroc")).toBe(false);
  expect(isPaired([paired, { ...comparison(0.8, 0.8), alone: null }], "auroc")).toBe(true);
});

it("there is no gain where a site reported too few patients", () => {
  expect(gainOf({ ...comparison(0.8, 0.8), alone: null }, "auroc")).toBeNull();
  expect(gainOf(comparison(0.8, 0.8), "brier")).toBeNull();
});

it("names the first metric that somebody reports", () => {
  expect(metricsIn([comparison(0.8, 0.7)])).toEqual(["auroc"]);
  expect(bestMetric([comparison(0.8, 0.7), comparison(0.9, 0.7)])).toBe("AUROC 0.850");
  expect(bestMetric([])).toBeUndefined();
});

it("the mean gain counts only sites that report both models", () => {
  const half: Comparison = { ...comparison(0.2, 0.2), alone: null };
  expect(meanGain([comparison(0.8, 0.7), comparison(0.9, 0.7), half], "auroc")).toBeCloseTo(0.15, 12);
  expect(meanGain([half], "auroc")).toBeNull();
});
