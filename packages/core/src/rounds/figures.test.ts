import { expect, it } from "vitest";
import { heartPlan } from "../models/heart.fixture.ts";
import { metricsAllowed } from "./figures.ts";

it("[R7] [M1] rows by class are taken only where each class that occurs has the minimum count", () => {
  const of = (third: number[], n = 40) =>
    metricsAllowed(heartPlan, { n, positives: null, values: {}, confusion: [[10, 2, 0], [1, 9, 0], third] });
  expect(of([0, 0, 0])).toBe(true);
  expect(of([2, 0, 8])).toBe(true);
  expect(of([1, 0, 8])).toBe(false);
  expect(of([0, 0, 0], 9)).toBe(false);
});
