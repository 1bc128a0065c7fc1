import type { Comparison, RunView } from "@engraft/core/rounds/view";
import { runView } from "@engraft/core/rounds/view";
import { expect, it } from "vitest";
import { metrics, TWO_ROUNDS } from "./run.fixture.ts";
import { commonScale, inOrder, keepingPoints, siteFigures, sitesCsv } from "./site-figures.ts";

const started = runView(TWO_ROUNDS);
if (started === undefined) throw new Error("no run.created");

const few = { n: 3, positives: null, values: { auroc: null } };
const compared = (site: string, alone: number, federated: number) =>
  ({ site, base: null, alone: metrics(alone), federated: metrics(federated) }) as Comparison;
/** Four sites: `a` loses, `b` gains, `c` has three patients, `d` has answered and sends no figures of its own. */
const view: RunView = {
  ...started,
  sites: ["a", "b", "c", "d"] as unknown as RunView["sites"],
  end: { at: 1, text: "" },
  curve: [{ round: 0, sites: { a: metrics(0.7, 90), b: metrics(0.6, 40), c: few } }],
  comparisons: [compared("a", 0.8, 0.7), compared("b", 0.6, 0.75)],
};

it("says of a site without a line why it has none", () => {
  expect(siteFigures(view, "auroc").map(({ without }) => without)).toEqual([null, null, "few", "kept"]);
  expect(siteFigures({ ...view, end: null, rounds: [] }, "auroc").map(({ without }) => without)).toEqual([null, null, "few", "waiting"]);
});

it("sorts by gain or by patients; what has no line comes last and is never ranked", () => {
  const figures = siteFigures(view, "auroc");
  expect(inOrder(figures, "gain").map(({ site }) => site)).toEqual(["b", "a", "c", "d"]);
  expect(inOrder(figures, "n").map(({ site }) => site)).toEqual(["a", "b", "c", "d"]);
  expect(inOrder(figures.toReversed(), "n").map(({ site }) => site)).toEqual(["a", "b", "c", "d"]);
});

it("has one scale, in which every interval lies", () => {
  const [low, high] = commonScale(siteFigures(view, "auroc"));
  expect(low).toBeLessThan(0.55);
  expect(high).toBeGreaterThan(0.85);
});

it("gives each value with its patients, model and interval as CSV", () => {
  const lines = sitesCsv(siteFigures(view, "auroc"), "auroc").trim().split("\n");
  expect(lines[0]).toBe("site,patients,model,round,n,auroc,ci_low,ci_high");
  expect(lines).toContain(`a,validation,shared,0,90,0.7,${0.7 - 0.05},${0.7 + 0.05}`);
  expect(lines).toContain(`b,test,alone,,50,0.6,${0.6 - 0.05},${0.6 + 0.05}`);
  expect(lines.filter((line) => line.startsWith("d,"))).toEqual([]);
});

it("writes into a checkpoint's row the patients behind that checkpoint, not those of the newest", () => {
  const later = { round: 1, sites: { a: metrics(0.75, 70) } };
  const lines = sitesCsv(siteFigures({ ...view, curve: [...view.curve, later] }, "auroc"), "auroc").split("\n");
  expect(lines.filter((line) => line.startsWith("a,validation")).map((line) => line.split(",").slice(3, 5))).toEqual([
    ["0", "90"],
    ["1", "70"],
  ]);
});

it("keeps a site's list of points while nothing in it changes", () => {
  const before = siteFigures(view, "auroc");
  const more = { round: 1, sites: { a: metrics(0.75, 90) } };
  const [a, b] = keepingPoints(before, siteFigures({ ...view, curve: [...view.curve, more] }, "auroc"));
  expect(a?.points).toHaveLength(2);
  expect(b?.points).toBe(before[1]?.points);
});

it("keeps all of a site's figures while nothing in them changes, and only its points where its test patients come", () => {
  const before = siteFigures(view, "auroc");
  expect(keepingPoints(before, siteFigures({ ...view }, "auroc")).map((one, index) => one === before[index])).toEqual([
    true,
    true,
    true,
    true,
  ]);
  const [a, b] = keepingPoints(
    before,
    siteFigures({ ...view, comparisons: [compared("a", 0.9, 0.7), ...view.comparisons.slice(1)] }, "auroc"),
  );
  expect(a?.test?.alone?.value).toBe(0.9);
  expect(a?.points).toBe(before[0]?.points);
  expect(b).toBe(before[1]);
});

it("sorts by the largest shift of a site's fields; who did not report one comes after those who did", () => {
  const field = (name: string, psi: number | null) => ({ name, psi, base: null });
  const shifted = (one: Comparison | undefined, ...fields: readonly ReturnType<typeof field>[]) =>
    ({ ...one, shift: { against: "others", fields: [...fields], labels: [] } }) as Comparison;
  const [a, b] = view.comparisons;
  const figures = siteFigures(
    {
      ...view,
      curve: [{ round: 0, sites: { a: metrics(0.7), b: metrics(0.6), c: metrics(0.5) } }],
      comparisons: [shifted(a, field("age", 0.02), field("chol", 0.3)), shifted(b, field("age", null), field("chol", 0.4))],
    },
    "auroc",
  );
  expect(figures.map(({ shift }) => shift)).toEqual([0.3, 0.4, null, null]);
  expect(inOrder(figures, "shift").map(({ site }) => site)).toEqual(["b", "a", "c", "d"]);
});
