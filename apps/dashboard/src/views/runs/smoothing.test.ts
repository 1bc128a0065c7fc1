import { expect, it } from "vitest";
import { smoothed } from "./smoothing.ts";

it("is the weighted mean of the values so far, weights falling by the strength, null where there is none", () => {
  const values = [0.4, null, 0.8, 0.6];
  const [first, gap, third, fourth] = smoothed(values, 0.5);
  expect(first).toBeCloseTo(0.4, 12);
  expect(gap).toBeNull();
  expect(third).toBeCloseTo((0.8 + 0.5 * 0.4) / 1.5, 12);
  expect(fourth).toBeCloseTo((0.6 + 0.5 * 0.8 + 0.25 * 0.4) / 1.75, 12);
});

it("gives a steady line back as it is from its first value on, and everything back at strength 0", () => {
  for (const value of smoothed([0.7, 0.7, 0.7], 0.9)) expect(value).toBeCloseTo(0.7, 12);
  expect(smoothed([0.1, 0.9, null], 0)).toEqual([0.1, 0.9, null]);
});
