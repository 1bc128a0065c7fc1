import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Label } from "@engraft/core/models/labels";
import { afterAll, describe, expect, it } from "vitest";
import { beyondSize, plan, tableOf } from "../model.fixture.ts";
import { checkTable } from "./check.ts";
import type { CsvTable } from "./declaration.ts";
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
async function read(
  label: Label,
  header: string,
  rows: readonly string[],
  columns: Readonly<Record<string, string>> = {},
  more: Partial<CsvTable> = {},
) {
  const data = { fields: [], label, split: { ...plan.data.split, train: 0.999, validation: 0 } };
  const declared = tableOf([`id,${header}`, ...rows.map((row, at) => `p${at},${row}`), ""].join("\n"), {
    label: "y",
    missing: ["?"],
    columns,
    ...more,
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

describe("[D10] what the site says of its codes and units holds for every column of a label", () => {
  const folder = mkdtempSync(join(tmpdir(), "engraft-label-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const codes = join(folder, "codes.csv");
  const codesOf = (...lines: readonly string[]): string => {
    writeFileSync(codes, ["field,site,plan", ...lines, ""].join("\n"));
    return codes;
  };

  it("codes of classes and of several labels", async () => {
    const classes = await read(LABELS.multiclass, "y", ["sinus", "VES", "N"], {}, { codes: codesOf("y,sinus,N", "y,VES,V") });
    expect([classes.labels, classes.findings]).toEqual([[0, 2, 0], []]);
    const several = await read(LABELS.multilabel, "u,v", ["ja,1", "nein,ja"], {}, { codes: codesOf("u,ja,1", "u,nein,0") });
    expect(several.labels).toEqual([1, 1, 0, Number.NaN]);
    expect(several.findings).toEqual([["unknown-code", 3, "v"]]);
  });

  it("a number in another unit, and a time", async () => {
    // By UCUM mm[Hg] is 133.322 Pa.
    const pressure = await read(LABELS.regression, "y", ["20", "150"], {}, { units: { y: "kPa" } });
    expect(pressure.labels.map((value) => Number(value.toFixed(3)))).toEqual([150.013]);
    expect(pressure.findings).toEqual([["unusable-label", 3, "label"]]);
    const codes = codesOf("dead,gestorben,1");
    const time = await read(LABELS.survival, "days,dead", ["10,gestorben", "2,0"], {}, { units: { days: "wk" }, codes });
    expect(time.labels).toEqual([70, 1, 14, 0]);
  });

  it("and what cannot be done is an error that names the column", async () => {
    const unit = await read(LABELS.survival, "days,dead", ["1,1"], {}, { units: { days: "mg/dL" } });
    expect([unit.findings[0], unit.report.ok]).toEqual([["unit-unknown", 1, "days"], false]);
    const code = await read(LABELS.survival, "days,dead", ["1,1"], {}, { codes: codesOf("dead,x,7") });
    expect([code.findings[0], code.report.ok]).toEqual([["code-map-wrong", 1, "dead"], false]);
  });
});

describe("[D12] too few cases, by what a label says", () => {
  const kinds = async (label: Label, header: string, rows: readonly string[]) =>
    (await read(label, header, rows)).report.findings.flatMap(({ kind, places }) =>
      places.map(({ field, detail }) => [kind, field, detail]),
    );

  it("names the class that is absent or rare", async () => {
    const rows = Array.from({ length: 60 }, (_, at) => (at < 4 ? "S" : "N"));
    expect(await kinds(LABELS.multiclass, "y", rows)).toEqual([
      ["class-absent", "label", "ventricular: no patient"],
      ["few-of-class", "label", "supraventricular: 4 patients, 10 wanted"],
      ["few-patients", "patient id", expect.stringContaining("test: ")],
    ]);
  });

  it("asks for events and not for patients who are censored, and for nothing of a number", async () => {
    const times = Array.from({ length: 60 }, (_, at) => `${at + 1},1`);
    expect((await kinds(LABELS.survival, "days,dead", times)).map(([kind]) => kind)).toEqual(["few-patients"]);
    const numbers = Array.from({ length: 60 }, (_, at) => `${60 + at}`);
    expect((await kinds(LABELS.regression, "y", numbers)).map(([kind]) => kind)).toEqual(["few-patients"]);
  });
});
