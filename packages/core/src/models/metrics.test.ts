import { describe, expect, it } from "vitest";
import { weightedMean } from "./metric-means.ts";
import { SiteMetrics } from "./metrics.ts";

const site = (n: number, auroc: number | null | undefined): SiteMetrics => ({
  n,
  positives: null,
  values: auroc === undefined ? {} : { auroc: auroc === null ? null : { value: auroc, low: 0, high: 1 } },
});

describe("a mean over sites", () => {
  it("[M2] is weighted by the patients counted", () => {
    expect(weightedMean([site(30, 0.9), site(10, 0.5)], "auroc")).toBeCloseTo(0.8, 12);
  });

  it("[M2] leaves out sites that do not report the figure", () => {
    expect(weightedMean([site(30, 0.9), site(1000, null), site(1000, undefined)], "auroc")).toBe(0.9);
    expect(weightedMean([site(10, null)], "auroc")).toBeUndefined();
    expect(weightedMean([], "auroc")).toBeUndefined();
  });
});

it("figures under names that nobody declared are refused", () => {
  expect(SiteMetrics.safeParse({ n: 1, positives: 0, values: { ages: { value: 1, low: 1, high: 1 } } }).success).toBe(false);
  expect(SiteMetrics.safeParse({ n: 1, positives: 0, values: { auroc: null } }).success).toBe(true);
});
