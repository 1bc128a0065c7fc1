/** Every fault that the data check knows, planted alone into a sound table: it finds that one, at its place, and nothing else. */
import { randomFrom } from "../base/random.ts";
import { tableOf } from "../model.fixture.ts";
import { describe, expect, it } from "vitest";
import { checkTable, type TableReport } from "./check.ts";
import type { CsvTable } from "./declaration.ts";
import type { DataPlan } from "./table.ts";

const CANARY = "canary-4711";

const plan: DataPlan = {
  fields: [
    { kind: "number", name: "age", title: "Age", unit: "a", min: 18, max: 110 },
    { kind: "number", name: "chol", title: "Cholesterol", unit: "mmol/L", min: 1.5, max: 20, molarMass: 386.65 },
    { kind: "number", name: "sbp", title: "Systolic blood pressure", unit: "mm[Hg]", min: 60, max: 260 },
    { kind: "number", name: "temp", title: "Temperature", unit: "Cel", min: 30, max: 44 },
    {
      kind: "category",
      name: "sex",
      title: "Sex",
      values: [
        { code: "0", means: "female" },
        { code: "1", means: "male" },
      ],
    },
  ],
  label: { name: "sick", title: "Sick", positive: ["1"], negative: ["0"] },
  split: { salt: "faults", train: 0.6, validation: 0.2 },
};

type Cells = Record<string, string>;

/** 400 patients, every fourth with two rows; the last columns are read by nobody. */
function soundRows(): Cells[] {
  const random = randomFrom(["faults"]);
  return Array.from({ length: 500 }, (_, index) => ({
    id: `${CANARY}-${patientOfRow(index)}`,
    age: (20 + 70 * random.uniform()).toFixed(1),
    chol: (3 + 5 * random.uniform()).toFixed(2),
    sbp: (90 + 90 * random.uniform()).toFixed(0),
    temp: (36 + 3 * random.uniform()).toFixed(2),
    sex: String(random.below(2)),
    sick: String(random.below(2)),
    note: `${CANARY} "x"; ${index}`,
    empty: "",
    constant: "1",
    mixed: index % 2 === 0 ? "-999999" : "n/a",
    " age": "7",
  }));
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csv = (rows: readonly Cells[]): string =>
  [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))].map((cells) => cells.map(quoted).join(",")).join("\n");

const patientOfRow = (index: number): number => (index < 400 ? index : (index - 400) * 4);
const partOfRow = (index: number): string => (patientOfRow(index) % 4 === 1 ? "test" : "train");

interface Fault {
  readonly name: string;
  readonly finds: string;
  readonly at?: { readonly line: number; readonly field: string | null };
  readonly detail?: string;
  readonly count?: number;
  /** Whether the table can still be used. */
  readonly ok: boolean;
  readonly plant: (rows: Cells[]) => Cells[] | void;
  readonly changes?: Partial<CsvTable>;
  readonly plan?: Partial<DataPlan>;
}

const each = (rows: Cells[], change: (row: Cells, index: number) => Partial<Cells>): void =>
  rows.forEach((row, index) => Object.assign(row, change(row, index)));
const number = (row: Cells, name: string): number => Number(row[name]);

const FAULTS: readonly Fault[] = [
  {
    name: "cholesterol in mg/dL",
    finds: "wrong-unit",
    at: { line: 1, field: "chol" },
    detail: "as if mg/dL where mmol/L is asked: factor 38.67",
    ok: false,
    plant: (rows) => each(rows, (row) => ({ chol: (number(row, "chol") * 38.665).toFixed(0) })),
  },
  {
    name: "blood pressure in kPa",
    finds: "wrong-unit",
    at: { line: 1, field: "sbp" },
    detail: "as if kPa where mm[Hg] is asked: factor 0.1333",
    ok: false,
    plant: (rows) => each(rows, (row) => ({ sbp: (number(row, "sbp") / 7.50062).toFixed(1) })),
  },
  {
    name: "temperature in Fahrenheit",
    finds: "wrong-unit",
    at: { line: 1, field: "temp" },
    detail: "as if [degF] where Cel is asked: times 1.8, from another zero",
    ok: false,
    plant: (rows) => each(rows, (row) => ({ temp: (number(row, "temp") * 1.8 + 32).toFixed(1) })),
  },
  {
    name: "age in months",
    finds: "wrong-unit",
    at: { line: 1, field: "age" },
    detail: "as if mo where a is asked: factor 12",
    ok: false,
    plant: (rows) => each(rows, (row) => ({ age: (number(row, "age") * 12).toFixed(0) })),
  },
  {
    name: "a declared unit that the values are not in",
    finds: "wrong-unit",
    at: { line: 1, field: "chol" },
    detail: "as if in mmol/L already: the declared unit or factor is one too many",
    ok: false,
    plant: () => undefined,
    changes: { units: { chol: "mg/dL" } },
  },
  {
    name: "a unit that is none",
    finds: "unit-unknown",
    at: { line: 1, field: "sbp" },
    ok: false,
    plant: () => undefined,
    changes: { units: { sbp: "torrs" } },
  },
  {
    name: "a missing column",
    finds: "missing-column",
    at: { line: 1, field: "sbp" },
    ok: false,
    plant: (rows) => rows.map(({ sbp, ...row }) => ({ ...row, bp: sbp ?? "" })),
  },
  {
    name: "an unknown code",
    finds: "unknown-code",
    at: { line: 12, field: "sex" },
    count: 1,
    ok: true,
    plant: (rows) => each(rows, (_, i) => (i === 10 ? { sex: "f" } : {})),
  },
  {
    name: "a value that is none",
    finds: "not-a-number",
    at: { line: 7, field: "age" },
    count: 1,
    ok: true,
    plant: (rows) => each(rows, (_, i) => (i === 5 ? { age: CANARY } : {})),
  },
  {
    name: "a label of no meaning",
    finds: "unknown-label",
    at: { line: 7, field: "label" },
    count: 1,
    ok: true,
    plant: (rows) => each(rows, (_, i) => (i === 5 ? { sick: CANARY } : {})),
  },
  { name: "too few patients", finds: "few-patients", ok: true, plant: (rows) => rows.slice(0, 60) },
  {
    name: "fewer patients than the plan demands",
    finds: "below-minimum",
    at: { line: 1, field: "patient id" },
    ok: false,
    plant: () => undefined,
    plan: { minimum: { train: 1000, test: 1, perClass: 1 } },
  },
  {
    name: "a class that is absent",
    finds: "class-absent",
    at: { line: 1, field: "label" },
    detail: "positive: no patient",
    ok: true,
    plant: (rows) => each(rows, () => ({ sick: "0" })),
  },
  {
    name: "few of a class",
    finds: "few-of-class",
    at: { line: 1, field: "label" },
    detail: "positive: 4 patients, 10 wanted",
    ok: true,
    plant: (rows) => each(rows, (_, index) => ({ sick: index > 0 && index < 5 ? "1" : "0" })),
  },
  {
    name: "a constant field",
    finds: "constant-field",
    at: { line: 1, field: "sbp" },
    ok: true,
    plant: (rows) => each(rows, () => ({ sbp: "120" })),
  },
  {
    name: "an empty field",
    finds: "empty-field",
    at: { line: 1, field: "temp" },
    ok: true,
    plant: (rows) => each(rows, () => ({ temp: "" })),
  },
  {
    name: "the label in a number",
    finds: "leak-suspected",
    at: { line: 1, field: "sbp" },
    detail: "positive by the value",
    ok: true,
    plant: (rows) => each(rows, (row, index) => ({ sbp: String(100 + (index % 40) + 50 * number(row, "sick")) })),
  },
  {
    name: "the label in a code",
    finds: "leak-suspected",
    at: { line: 1, field: "sex" },
    detail: "positive by the value",
    ok: true,
    plant: (rows) => each(rows, (row) => ({ sex: String(1 - number(row, "sick")) })),
  },
  {
    name: "the label in what is missing",
    finds: "leak-suspected",
    at: { line: 1, field: "temp" },
    detail: "positive by whether there is a value",
    ok: true,
    plant: (rows) => each(rows, (row) => (row["sick"] === "1" ? { temp: "" } : {})),
  },
  {
    name: "a person under two ids",
    finds: "copied-across-parts",
    at: { line: 502, field: "patient id" },
    count: 1,
    ok: true,
    plant: (rows) => [...rows, { ...(rows[3] as Cells), id: "twin-1" }],
  },
  {
    name: "a row that stands twice",
    finds: "repeated-row",
    at: { line: 502, field: "patient id" },
    count: 1,
    ok: true,
    plant: (rows) => [...rows, { ...(rows[3] as Cells) }],
  },
  {
    name: "a patient in two parts of a declared split",
    finds: "patient-in-two-parts",
    at: { line: 402, field: "patient id" },
    count: 1,
    ok: false,
    plant: (rows) => each(rows, (_, i) => ({ empty: i === 400 ? "test" : partOfRow(i) })),
    changes: { part: "empty" },
    plan: { split: { salt: "s", train: 0.6, validation: 0.2, keyed: true } },
  },
  {
    name: "a declared split under a plan that has its own",
    finds: "part-not-allowed",
    at: { line: 1, field: "split" },
    ok: false,
    plant: (rows) => each(rows, (_, i) => ({ empty: partOfRow(i) })),
    changes: { part: "empty" },
  },
];

/** What every table with several rows of a patient says. */
const USUAL = "repeated-patient";

async function report(rows: readonly Cells[], changes: Partial<CsvTable> = {}, of: Partial<DataPlan> = {}): Promise<TableReport> {
  const site = { key: new Uint8Array(32).fill(7), folder: "/nowhere", keep: false };
  return checkTable(tableOf(csv(rows), changes), { ...plan, ...of }, { site });
}

describe("[D12] the data check", () => {
  it("says nothing of a sound table, whatever stands in columns that nobody reads", async () => {
    const { findings, ok } = await report(soundRows());
    expect(ok).toBe(true);
    expect(findings.map(({ kind }) => kind)).toEqual([USUAL]);
  });

  it.each(FAULTS)("finds $name", async (fault) => {
    const rows = soundRows();
    const said = await report(fault.plant(rows) ?? rows, fault.changes, fault.plan);
    const found = said.findings.filter(({ kind }) => kind !== USUAL);
    expect(found.map(({ kind }) => kind)).toEqual([fault.finds]);
    expect(said.ok).toBe(fault.ok);
    if (fault.at !== undefined) expect(found[0]?.places[0]).toMatchObject(fault.at);
    if (fault.detail !== undefined) expect(found[0]?.places[0]?.detail).toBe(fault.detail);
    if (fault.count !== undefined) expect(found[0]?.count).toBe(fault.count);
    expect(JSON.stringify(said)).not.toContain(CANARY);
  });

  it("[D10] a unit or factor that is declared makes the table sound again", async () => {
    const rows = soundRows();
    each(rows, (row) => ({ chol: (number(row, "chol") * 38.665).toFixed(1), temp: (number(row, "temp") * 1.8 + 32).toFixed(2) }));
    for (const changes of [{ units: { chol: "mg/dL", temp: "[degF]" } }, { units: { temp: "[degF]" }, factors: { chol: 0.025863 } }])
      expect((await report(rows, changes)).findings.map(({ kind }) => kind)).toEqual([USUAL]);
  });

  it("does not take values of one unit for two where a few are out of range", async () => {
    const rows = soundRows();
    each(rows, (_, index) => (index % 20 === 0 ? { chol: "0", sbp: "999" } : {}));
    expect((await report(rows)).findings.map(({ kind }) => kind)).toEqual(["outside-range", USUAL]);
  });

  it("tells two units in one column", async () => {
    const rows = soundRows();
    each(rows, (row, index) => (index % 3 === 0 ? { chol: (number(row, "chol") * 38.665).toFixed(1) } : {}));
    const { findings } = await report(rows);
    expect(findings.map(({ kind }) => kind)).toEqual(["outside-range", "mixed-units", USUAL]);
    expect(findings[1]?.places[0]?.detail).toContain("mg/dL");
  });
});
