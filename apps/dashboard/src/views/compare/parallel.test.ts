import type { SettingsView } from "@engraft/coordinator/api/curve-views";
import { expect, it } from "vitest";
import { linesOf } from "./lines.ts";
import { knownLines } from "./parallel.ts";

const linesIn = (...runs: readonly string[]) =>
  linesOf(
    runs.map((run) => ({ run, rounds: [0], main: [0.7], sites: [] })),
    "auroc",
    [],
  ).lines;
const settings: SettingsView = {
  runs: ["slow.1", "fast.1", "warm.1"],
  metrics: ["auroc"],
  differences: [{ path: "training.optimizer.learningRate", values: ["0.01", "0.1", null] }],
};

it("gives each run's line its own settings although curves and settings are of other runs, and leaves out whose are not known", () => {
  const { lines, differences } = knownLines(linesIn("new.1", "warm.1", "fast.1"), settings);
  expect(lines.map(({ run }) => run)).toEqual(["warm.1", "fast.1"]);
  expect(differences).toEqual([{ path: "training.optimizer.learningRate", values: [null, "0.1"] }]);
});

it("keeps all lines where both answers are of the same runs", () => {
  const { lines, differences } = knownLines(linesIn(...settings.runs), settings);
  expect(lines.map(({ run }) => run)).toEqual(settings.runs);
  expect(differences).toEqual(settings.differences);
});
