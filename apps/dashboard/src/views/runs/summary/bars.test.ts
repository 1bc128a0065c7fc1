import type { SummaryMeasure } from "@engraft/core/models/summary/table";
import { expect, it } from "vitest";
import { barsOf } from "./bars.ts";

const age: SummaryMeasure = {
  kind: "number",
  name: "age",
  title: "Age",
  unit: "a",
  edges: [0, 10, 20, 30],
  quantiles: [],
  byLabel: [],
  cells: [
    { at: [0], text: "no value", count: 0 },
    { at: [1, 2], text: "below 10", count: 20 },
    { at: [3], text: "10 to 20", count: 40 },
    { at: [4, 5], text: "above 20", count: 10 },
  ],
};

it("draws joined cells as wide as they are many, so that areas compare", () => {
  const bars = barsOf(age);
  expect(bars.map(({ text, x, width, height }) => ({ text, x, width, height }))).toEqual([
    { text: "below 10", x: 0, width: 0.4, height: 0.25 },
    { text: "10 to 20", x: 0.4, width: 0.2, height: 1 },
    { text: "above 20", x: 0.6, width: 0.4, height: 0.125 },
  ]);
  expect(bars.map(({ apart }) => apart)).toEqual([true, false, true]);
});
