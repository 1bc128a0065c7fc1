import { describe, expect, it } from "vitest";
import { manifest, plan, tableOf } from "../model.fixture.ts";
import { inputWidth, samplesOf } from "./samples.ts";
import { partOf, type Part } from "./split.ts";
import { readTable, type DataPlan } from "./table.ts";

const everybody = { ...plan.data, split: { salt: "s", train: 0.999_999_999, validation: 0 } };
const table = async (rows: readonly string[], data: DataPlan = everybody) =>
  (await readTable(tableOf(["id,age,sex,sick", ...rows].join("\n")), data)).table;

it("standardises, one-hot encodes, fills and flags as the manifest says", async () => {
  const samples = samplesOf(await table(["a,60,1,1", "b,,0,0", "c,45,,2"]), everybody, manifest, "train");
  expect(inputWidth(manifest)).toBe(4);
  expect([...samples.x]).toEqual([1, 0, 1, 0, 0.5, 1, 0, 0, -0.5, 0, 0, 1]);
  expect([...samples.y]).toEqual([1, 0, 1]);
  expect([...samples.patients]).toEqual([0, 1, 2]);
  expect(samples).toMatchObject({ rows: 3, width: 4 });
});

it("the order of codes is the rule's, and codes are compared in one spelling", async () => {
  const inputs = [{ kind: "one-hot" as const, field: "sex", codes: ["1.0", "0"], fill: "1", flagMissing: false }];
  const samples = samplesOf(await table(["a,60,1,1", "b,60,0,0", "c,60,,0"]), everybody, { inputs }, "train");
  expect([...samples.x]).toEqual([1, 0, 0, 1, 1, 0]);
});

it("[D4] the three parts share no patient and miss none", async () => {
  const rows = Array.from({ length: 200 }, (_, index) => `p${index % 80},${index % 100},1,${index % 2}`);
  const all = await table(rows, plan.data);
  const sizes = (["train", "validation", "test"] as const).map((part: Part) => {
    const samples = samplesOf(all, plan.data, manifest, part);
    const ages = rows
      .filter((row) => partOf(plan.data.split, row.split(",")[0] ?? "") === part)
      .map((row) => Math.fround((Number(row.split(",")[1]) - 50) / 10));
    expect(Array.from({ length: samples.rows }, (_, row) => samples.x[row * 4])).toEqual(ages);
    return samples.rows;
  });
  expect(sizes.reduce((sum, size) => sum + size)).toBe(200);
});

describe("rules that do not fit the fields are refused", () => {
  const rules = (input: (typeof manifest.inputs)[number]) => async () =>
    samplesOf(await table(["a,60,1,1"]), everybody, { inputs: [input] }, "train");
  it("a category standardised", () =>
    expect(rules({ kind: "standardise", field: "sex", mean: 0, sd: 1, fill: 0, flagMissing: false })).rejects.toThrow("no number"));
  it("a number one-hot encoded", () =>
    expect(rules({ kind: "one-hot", field: "age", codes: ["1"], fill: "1", flagMissing: false })).rejects.toThrow("no codes"));
  it("a fill that is no code", () =>
    expect(rules({ kind: "one-hot", field: "sex", codes: ["1"], fill: "7", flagMissing: false })).rejects.toThrow("fills with a code"));
  it("a field that the plan lacks", () =>
    expect(rules({ kind: "standardise", field: "height", mean: 0, sd: 1, fill: 0, flagMissing: false })).rejects.toThrow(
      "lacks the field",
    ));
});
