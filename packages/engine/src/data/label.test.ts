import type { Label } from "@engraft/core/models/labels";
import { expect, it } from "vitest";
import { beyondSize, plan, tableOf } from "../model.fixture.ts";
import { checkTable } from "./check.ts";
import { samplesOf } from "./samples.ts";
import { readTable } from "./table.ts";

const common = { name: "y", title: "Y" };
const classes = [
  { name: "normal", codes: ["N", "L"] },
  { name: "supraventricular", codes: ["S"] },
  { name: "ventricular", codes: ["V"] },
];
const LABELS = {
  multiclass: { ...common, kind: "multiclass", classes },
  multilabel: {
    ...common,
    kind: "multilabel",
    labels: ["u", "v"].map((name) => ({ name, title: name, positive: ["1"], negative: ["0"] })),
  },
  regression: { ...common, kind: "regression", unit: "mm[Hg]", min: 40, max: 240 },
  survival: {
    ...common,
    kind: "survival",
    time: { name: "days", unit: "d", max: 4000 },
    event: { name: "dead", occurred: ["1", "yes"], censored: ["0"] },
  },
} satisfies Readonly<Record<string, Label>>;

/** What is read of rows with a patient each: `targets` row-major, findings by kind and place. */
async function read(label: Label, header: string, rows: readonly string[], columns: Readonly<Record<string, string>> = {}) {
  const data = { fields: [], label, split: { ...plan.data.split, train: 0.999, validation: 0 } };
  const declared = tableOf([`id,${header}`, ...rows.map((row, at) => `p${at},${row}`), ""].join("\n"), {
    label: "y",
    missing: ["?"],
    columns,
  });
  const { table, findings } = await readTable(declared, data);
  return {
    labels: [...table.labels],
    findings: beyondSize(findings.list()).flatMap(({ kind, places }) => places.map(({ line, field }) => [kind, line, field])),
    samples: samplesOf(table, data, { inputs: [] }, "train"),
    report: await checkTable(declared, data),
  };
}

it("classes are read by any of their codes, an unknown one is a finding", async () => {
  const { labels, findings, report } = await read(LABELS.multiclass, "y", ["V", "L", "Q", "?", "N", "S"]);
  expect(labels).toEqual([2, 0, 0, 1]);
  expect(findings).toEqual([
    ["no-label", 5, "label"],
    ["unknown-label", 4, "label"],
  ]);
  expect(report.classes).toEqual({ normal: 2, supraventricular: 1, ventricular: 1 });
});

it("of several yes/no labels a row keeps those it has; a row with none is left out", async () => {
  const { labels, findings, report, samples } = await read(LABELS.multilabel, "first,v", ["1,0", "?,1", "0,7", "?,?", "7,?"], {
    u: "first",
  });
  expect(labels).toEqual([1, 0, Number.NaN, 1, 0, Number.NaN]);
  expect(findings).toEqual([
    ["no-label", 5, "label"],
    ["no-label", 6, "label"],
    ["unknown-code", 4, "v"],
    ["unknown-code", 6, "u"],
  ]);
  expect(report.classes).toEqual({ u: 1, v: 1 });
  expect(samples).toMatchObject({ rows: 3, targets: 2 });
});

it("a number outside its range or none at all is a finding; samples hold it scaled", async () => {
  const { labels, findings, samples, report } = await read(LABELS.regression, "y", ["140", "39.9", "240", "high", "?"]);
  expect(labels).toEqual([140, 240]);
  expect(findings).toEqual([
    ["no-label", 6, "label"],
    ["unusable-label", 3, "label"],
    ["unusable-label", 5, "label"],
  ]);
  expect([samples.targets, ...samples.y]).toEqual([1, 0, 1]);
  expect(report.classes).toEqual({});
});

it("survival reads time and event from two columns and names the one that is wrong", async () => {
  const rows = ["10,1", "20,0", "-1,1", "5000,0", "30,2", "?,1", "40,?", "50,yes"];
  const { labels, findings, report, samples } = await read(LABELS.survival, "T,dead", rows, { days: "T" });
  expect(labels).toEqual([10, 1, 20, 0, 50, 1]);
  expect(findings).toEqual([
    ["no-label", 7, "days"],
    ["no-label", 8, "dead"],
    ["unknown-label", 6, "dead"],
    ["unusable-label", 4, "days"],
    ["unusable-label", 5, "days"],
  ]);
  expect(report.classes).toEqual({ events: 2, censored: 1 });
  expect(samples).toMatchObject({ rows: 3, targets: 2, y: Float32Array.of(10, 1, 20, 0, 50, 1) });
});

it("a missing column of a label is named, once", async () => {
  const { findings, report } = await read(LABELS.survival, "dead", ["1", "0"]);
  expect(findings).toEqual([["missing-column", 1, "days"]]);
  expect(report.ok).toBe(false);
});
