import { expect, it } from "vitest";
import { heartPlan, planWith } from "./heart.fixture.ts";
import { commonDepth } from "./probe-depth.ts";
import { probeAllowed, type ProbeReport } from "./probe-report.ts";

const report: ProbeReport = { metric: "auroc", base: null, head: null, scratch: null, over: null, depth: "head" };

it("[F8] may leave only where the plan asks for figures of single sites, of a metric that it names", () => {
  expect(probeAllowed(heartPlan, report)).toBe(true);
  expect(probeAllowed(planWith({ metrics: { perSite: false } }), report)).toBe(false);
  expect(probeAllowed(heartPlan, { ...report, metric: "brier" })).toBe(false);
});

it("recommends what half of the sites would go to, the shallower of two", () => {
  expect(commonDepth([])).toBeUndefined();
  expect(commonDepth(["all"])).toBe("all");
  expect(commonDepth(["all", "head"])).toBe("head");
  expect(commonDepth(["all", "head", "last block"])).toBe("last block");
  expect(commonDepth(["all", "all", "head"])).toBe("all");
});
