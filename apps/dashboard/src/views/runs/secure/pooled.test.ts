import { expect, it } from "vitest";
import { chartCsv, chartData, chartSentence } from "../chart-data.ts";
import { mainCurve } from "../main-curve.ts";
import { CHART_WORDS } from "../words/charts.ts";
import { boundsText, finalFigures, isSecure, pooledGain } from "./pooled.ts";
import { Attempt, pooled, SITES, viewOf } from "./sums.fixture.ts";

const round = (number: number, auroc: number): Attempt =>
  new Attempt(number)
    .upToMasked(...SITES)
    .releases("a", "b", "c")
    .sum({ validation: pooled(auroc) }, ...SITES)
    .checkpoint();
const last = new Attempt(3, 1, "evaluate")
  .upToMasked(...SITES)
  .releases("a", "b", "c")
  .sum({ validation: pooled(0.85), base: pooled(0.7), alone: pooled(0.8, 0.6), federated: pooled(0.86, 0.45) }, ...SITES)
  .ends();
const running = viewOf(round(1, 0.7), round(2, 0.8));
const finished = viewOf(round(1, 0.7), round(2, 0.8), last);

it("the curve of a secure run is that of all sites' patients together, with the bounds of the exact figures", () => {
  expect(isSecure(running)).toBe(true);
  expect(mainCurve(finished, "auroc").map(({ round: at, value }) => [at, value])).toEqual([
    [0, 0.7],
    [1, 0.8],
    [2, 0.85],
  ]);
  const data = chartData(finished, "auroc", 2);
  expect(data).toMatchObject({ kind: "pooled", rounds: [0, 1, 2], sites: [] });
  const sentence = chartSentence(data, "auroc", CHART_WORDS.en);
  expect(sentence).toContain("all sites’ held-out patients together, out of the sum: 0.700 at the start, 0.850 after round 2");
  expect(sentence).toContain("between 0.840 and 0.860");
  expect(chartCsv(data, "auroc").split("\n").slice(0, 2)).toEqual([
    "round,auroc_pooled,auroc_pooled_low,auroc_pooled_high",
    "0,0.7,0.69,0.71",
  ]);
});

it("a metric that no sum gives has no curve", () => {
  expect(mainCurve(running, "brier")).toEqual([]);
  expect(chartSentence(chartData(running, "brier", 2), "brier", CHART_WORDS.en)).toContain("no sum yet");
});

it("the gain is positive where together is better, whichever way the metric goes, between bounds that hold for certain", () => {
  const figures = finalFigures(finished);
  if (figures === null) throw new Error("the last evaluation came to a sum");
  const gain = pooledGain(figures, "auroc");
  expect(gain?.value).toBeCloseTo(0.06, 12);
  expect([gain?.low, gain?.high].map((bound) => bound?.toFixed(6))).toEqual(["0.040000", "0.080000"]);
  expect(pooledGain(figures, "loss")?.value).toBeCloseTo(0.15, 12);
  expect(pooledGain({ ...figures, alone: null }, "auroc")).toBeNull();
  expect(finalFigures(running)).toBeNull();
});

it("bounds are named only where they differ in what is shown", () => {
  expect(boundsText({ low: 0.8841, high: 0.8972 }, (low, high) => `${low} to ${high}`)).toBe("0.884 to 0.897");
  expect(boundsText({ low: 0.50001, high: 0.50002 }, (low, high) => `${low} to ${high}`)).toBeUndefined();
});
