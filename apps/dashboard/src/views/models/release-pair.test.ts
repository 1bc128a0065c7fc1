import type { Comparison } from "@engraft/core/rounds/view";
import { expect, it } from "vitest";
import { metrics } from "../runs/run.fixture.ts";
import { pairOf, pooledDifference, pText, type Compared } from "./release-pair.ts";

const [OLD, NEW] = ["a".repeat(64), "b".repeat(64)] as [Compared["checkpoint"]["digest"], Compared["checkpoint"]["digest"]];
const run = (name: string) => name as Compared["run"];
const over = { auroc: { value: 0.05, low: 0.02, high: 0.08 } };
const comparison: Comparison = {
  site: "a" as Comparison["site"],
  base: null,
  alone: null,
  federated: metrics(0.85),
  earlier: { metrics: metrics(0.8), over },
};
const old: Compared = { run: run("heart.1"), checkpoint: { digest: OLD, bytes: 40 }, comparedWith: null, comparisons: [] };
const newer: Compared = {
  run: run("heart.2"),
  checkpoint: { digest: NEW, bytes: 40 },
  comparedWith: { run: run("heart.1"), checkpoint: OLD, bytes: 40 },
  comparisons: [comparison],
};

it("[M10] the sites' own differences count where one plan names the other's model, whichever stands first", () => {
  const forth = pairOf(old, newer);
  expect(forth?.run).toBe("heart.2");
  expect(forth?.at("a", "auroc")).toMatchObject({ first: { value: 0.8 }, second: { value: 0.85 }, gain: over.auroc });
  expect(forth?.at("b", "auroc")).toBeUndefined();
  expect(pairOf(newer, old)?.at("a", "auroc")).toMatchObject({
    first: { value: 0.85 },
    second: { value: 0.8 },
    gain: { value: -0.05, low: -0.08, high: -0.02 },
  });
  expect(pairOf(old, { ...newer, comparedWith: null })).toBeUndefined();
  expect(pairOf({ ...old, checkpoint: { digest: NEW, bytes: 40 } }, newer)).toBeUndefined();
});

it("differences of several sites are weighed by their patients", () => {
  const half = 1.959963984540054;
  const of = (value: number, error: number, n: number) => ({ gain: { value, low: value - half * error, high: value + half * error }, n });
  const pooled = pooledDifference([of(0.1, 0.04, 100), of(0.02, 0.02, 300), { gain: null, n: 50 }]);
  expect(pooled?.value).toBeCloseTo(0.04, 12);
  const error = Math.hypot(0.25 * 0.04, 0.75 * 0.02);
  expect(pooled?.high).toBeCloseTo(0.04 + half * error, 12);
  // Python: math.erfc(0.04 / 0.018027756377319945 / math.sqrt(2))
  expect(pooled?.p).toBeCloseTo(0.0265002806, 6);
  expect(pooledDifference([])).toBeNull();
  expect(pooledDifference([of(0, 0, 10)])).toEqual({ value: 0, low: 0, high: 0, p: null });
});

it("a small p is not written out", () => {
  expect([pText(0.0004), pText(0.0419)]).toEqual(["p < 0.001", "p = 0.042"]);
});
