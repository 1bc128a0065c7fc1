import { runView, type RunView } from "@engraft/core/rounds/view";
import { expect, it } from "vitest";
import { allowsLog, bestIndex, chartCsv, chartData, chartSentence, stepZoom } from "./chart-data.ts";
import { CLOSED_WITHOUT_B, TWO_ROUNDS } from "./run.fixture.ts";
import { CHART_WORDS } from "./words/charts.ts";

const viewOf = (events: typeof TWO_ROUNDS): RunView => {
  const view = runView(events);
  if (view === undefined) throw new Error("no run.created");
  return view;
};
const open = viewOf(TWO_ROUNDS);

it("shows a site's figure at once, a mean once the round that measures it is closed", () => {
  const data = chartData(open, "auroc", 15);
  expect(data.rounds).toEqual([0, 1]);
  expect(data.sites.map(({ values }) => values)).toEqual([
    [0.7, 0.9],
    [0.6, null],
  ]);
  expect(data.main[0]?.value).toBeCloseTo(0.65, 12);
  expect(data.main[1]).toBeNull();
  const closed = chartData(viewOf([...TWO_ROUNDS, ...CLOSED_WITHOUT_B]), "auroc", 15);
  expect(closed.main[1]?.value).toBeCloseTo(0.9, 12);
});

it("says in words what it shows, and what is coming in", () => {
  const sentence = chartSentence(chartData(open, "auroc", 15), "auroc", CHART_WORDS.en);
  expect(sentence).toContain("0.650 at the start");
  expect(sentence).toContain("So far at round 1: a 0.900.");
  const german = chartSentence(chartData(open, "auroc", 15), "auroc", CHART_WORDS.de);
  expect(german).toContain("0.650 zu Beginn");
  expect(german).toContain("Bisher nach Runde 1: a 0.900.");
});

it("looks a little ahead while the run lives, never beyond the plan", () => {
  expect(chartData(open, "auroc", 15).horizon).toBe(4);
  expect(chartData(open, "auroc", 2).horizon).toBe(2);
});

it("gives the raw values as CSV, empty where a site reported none", () => {
  expect(chartCsv(chartData(open, "auroc", 15), "auroc").split("\n")[2]).toBe("1,,0.9,");
});

it("zooms step by step without a drag: in to the newest or around a round, out to all, never out of the axis", () => {
  const data = { ...chartData(open, "auroc", 16), rounds: Array.from({ length: 17 }, (_, round) => round), horizon: 16 };
  expect(stepZoom(data, null, "in")).toEqual([8, 16]);
  expect(stepZoom(data, null, "in", 4)).toEqual([0, 8]);
  expect(stepZoom(data, [8, 16], "in", 10)).toEqual([8, 12]);
  expect(stepZoom(data, [15, 16], "in")).toEqual([15, 16]);
  expect(stepZoom(data, [8, 12], "out", 15)).toEqual([8, 16]);
  expect(stepZoom(data, [8, 16], "out")).toBeNull();
});

it("names the best value of a metric, up or down, the first of equal ones", () => {
  expect(bestIndex([null, 0.5, 0.9, 0.9, 0.7], "auroc")).toBe(2);
  expect(bestIndex([null, 0.5, 0.9, 0.4, 0.4], "loss")).toBe(3);
  expect(bestIndex([null, null], "auroc")).toBe(-1);
});

it("offers a logarithmic axis for a loss whose every value is above 0, and for nothing else", () => {
  const data = chartData(open, "auroc", 15);
  expect(allowsLog(data, "loss")).toBe(true);
  expect(allowsLog(data, "auroc")).toBe(false);
  expect(allowsLog({ ...data, sites: [{ site: "a", slot: 0, values: [0.7, 0] }] }, "loss")).toBe(false);
});
