/** Recordings as rows: by a table, by the codes of their headers, by their annotated beats; and what the data check says of them. */
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Field, SignalField } from "@engraft/core/models/fields";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findShared, requireOrSkip } from "../../../../test/support/require.ts";
import { beyondSize, tableOf } from "../model.fixture.ts";
import { checkTable } from "./check.ts";
import { TableDeclaration, type RecordsTable } from "./declaration.ts";
import { sampleReader } from "./file-input.ts";
import { readTable, type DataPlan } from "./table.ts";

const RATE = 100;
/** A record of format 16 at 100 Hz, in mV; the value of a point is its number times `step`. */
async function record(
  folder: string,
  name: string,
  { leads = ["II"], points = 300, unit = "mV", comments = [] as string[], beats = [] as [number, number][] },
) {
  const values = Int16Array.from({ length: points * leads.length }, (_, at) => Math.floor(at / leads.length));
  const sum = Array.from({ length: points }, (_, at) => at).reduce((all, value) => all + value, 0);
  const checksum = ((sum & 0xffff) << 16) >> 16;
  const header = [
    `${name} ${leads.length} ${RATE} ${points}`,
    ...leads.map((lead) => `${name}.dat 16 100/${unit} 16 0 0 ${checksum} 0 ${lead}`),
    ...comments.map((text) => `# ${text}`),
  ];
  await writeFile(join(folder, `${name}.hea`), `${header.join("\n")}\n`);
  await writeFile(join(folder, `${name}.dat`), new Uint8Array(values.buffer));
  let last = 0;
  const words = beats.map(([sample, code]) => {
    const word = (code << 10) | (sample - last);
    last = sample;
    return word;
  });
  if (beats.length > 0) await writeFile(join(folder, `${name}.atr`), new Uint8Array(Uint16Array.of(...words, 0).buffer));
}

const field = (changes: Partial<SignalField> = {}): SignalField =>
  SignalField.parse({ kind: "signal", name: "ecg", title: "ECG", leads: ["II"], rate: RATE, seconds: 1, unit: "mV", ...changes });
const planOf = (signal: Field, positive: string[], negative: string[], ...more: Field[]): DataPlan => ({
  fields: [signal, ...more],
  label: { name: "sick", title: "Sick", positive, negative },
  split: { salt: "s", train: 0.6, validation: 0.2 },
});
const rows = (path: string, labels: RecordsTable["labels"], changes: Partial<RecordsTable> = {}): TableDeclaration =>
  TableDeclaration.parse({
    source: "records",
    path,
    ending: ".hea",
    labels,
    missing: [],
    columns: {},
    label: "label",
    patient: "patient",
    ...("annotator" in labels ? { at: "at" } : {}),
    ...changes,
  });
/** Most of these folders have no file of patients. */
const said = ({ findings }: Awaited<ReturnType<typeof checkTable>>) =>
  beyondSize(findings).filter(({ kind }) => kind !== "records-as-patients");
const kinds = (report: Awaited<ReturnType<typeof checkTable>>) => Object.fromEntries(said(report).map(({ kind, count }) => [kind, count]));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-rows-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const made = async (name: string): Promise<string> => {
  await mkdir(join(folder, name), { recursive: true });
  return join(folder, name);
};

const [N, V, NOISE] = [1, 5, 14];

describe("[D24] where the label of a recording comes from", () => {
  it("the codes of its header: yes where one means yes, no where none does and one means no", async () => {
    const at = await made("header");
    await record(at, "a", { comments: ["Dx: 426177001,164889003", "Age: 61"] });
    await record(at, "b", { comments: ["Dx: 426783006", "Age: NaN"] });
    await record(at, "c", { comments: ["Dx: 5"] });
    await record(at, "d", {});
    const age: Field = { kind: "number", name: "years", title: "Age", unit: "a", min: 0, max: 120 };
    const plan = planOf(field(), ["164889003"], ["426783006", "426177001"], age);
    const declaration = rows(at, { key: "Dx" }, { columns: { years: "Age" } });
    const { table } = await readTable(declaration, plan);
    expect([...table.labels]).toEqual([1, 0]);
    expect([...table.patientOf]).toEqual([0, 1]);
    expect([...(table.columns[1] ?? [])]).toEqual([61, Number.NaN]);
    expect(kinds(await checkTable(declaration, plan))).toEqual({ "no-label": 1, "unknown-label": 1, "not-a-number": 1 });
  });

  it("[D10] the site's own codes and units, of words of the header too", async () => {
    const at = await made("mapped");
    await record(at, "a", { comments: ["Dx: rhythm,flutter", "Age: 732"] });
    await record(at, "b", { comments: ["Dx: rhythm", "Age: 480"] });
    const codes = join(at, "codes.csv");
    await writeFile(codes, "field,site,plan\nsick,flutter,164890007\nsick,rhythm,426783006\n");
    const age: Field = { kind: "number", name: "years", title: "Age", unit: "a", min: 0, max: 120 };
    const plan = planOf(field(), ["164890007"], ["426783006"], age);
    const { table } = await readTable(rows(at, { key: "Dx" }, { columns: { years: "Age" }, units: { years: "mo" }, codes }), plan);
    expect([...table.labels]).toEqual([1, 0]);
    expect([...(table.columns[1] ?? [])].map((value) => Number(value.toFixed(3)))).toEqual([61, 40]);
  });

  it("and says where each recording counts as a patient", async () => {
    const at = await made("patients");
    await record(at, "a", { comments: ["Dx: 1"] });
    const about = async (changes: Partial<RecordsTable>) =>
      (await checkTable(rows(at, { key: "Dx" }, changes), planOf(field(), ["1"], ["0"]))).findings.map(({ kind }) => kind);
    expect(await about({})).toContain("records-as-patients");
    await writeFile(join(at, "patients.csv"), "record,patient\na,p1\n");
    expect(await about({ patients: join(at, "patients.csv") })).not.toContain("records-as-patients");
  });

  it("the annotations of its beats: a row for each, with the stretch around it", async () => {
    const at = await made("beats");
    await record(at, "a", {
      beats: [
        [10, N],
        [100, N],
        [150, NOISE],
        [200, V],
        [280, N],
      ],
    });
    await record(at, "b", { beats: [[120, V]] });
    await writeFile(join(at, "patients.csv"), "record,patient\na,p1\nb,p1\n");
    const plan = planOf(field({ seconds: 0.5, beats: { before: 0.2 } }), ["V"], ["N"]);
    const declaration = rows(at, { annotator: "atr" }, { patients: join(at, "patients.csv") });
    const { table } = await readTable(declaration, plan);
    // The first and the last beat's stretches go beyond the recording.
    expect([...table.labels]).toEqual([0, 1, 1]);
    expect([...table.patientOf]).toEqual([0, 0, 0]);
    expect(kinds(await checkTable(declaration, plan))).toMatchObject({ "short-recording": 2 });
    const signal = plan.fields[0] as SignalField;
    const read = sampleReader({ rule: { kind: "signal", field: "ecg", mean: [1], sd: [2] }, field: signal, shape: [1, 50] });
    const samples = await Promise.all(
      [...(table.columns[0] ?? [])].map(async (index) => read(table.files[index] as (typeof table.files)[number])),
    );
    const first = await Promise.all(samples.map(async ({ sample }) => (await sample())[0]));
    expect(first.map((value) => Math.round(100 * (2 * (value ?? 0) + 1)))).toEqual([80, 180, 100]);
    expect(new Set(samples.map(({ content }) => content)).size).toBe(3);
  });

  it("a table, which may say itself where the beats are", async () => {
    const at = await made("table");
    await record(at, "a", {});
    const table = tableOf("ecg,when,id,sick\na.hea,1.0,p,1\na,1.5,p,0\na.hea,x,p,0\na.hea,,p,0\n", { files: at, at: "when" });
    const plan = planOf(field({ seconds: 0.5, beats: { before: 0.2 } }), ["1"], ["0"]);
    const { table: read } = await readTable(table, plan);
    expect(read.files.map(({ at }) => at)).toEqual([1, 1.5]);
    expect(kinds(await checkTable(table, plan))).toMatchObject({ "no-beat": 2 });
  });

  it("and a plan that wants it otherwise is told so", async () => {
    const at = await made("otherwise");
    await record(at, "a", { beats: [[100, N]], comments: ["Dx: N"] });
    const [beats, whole] = [planOf(field({ beats: { before: 0.2 } }), ["V"], ["N"]), planOf(field(), ["V"], ["N"])];
    const wrong = await checkTable(rows(at, { key: "Dx" }), beats);
    expect([wrong.ok, kinds(wrong)]).toEqual([false, { "no-beats": 1 }]);
    const other = await checkTable(rows(at, { annotator: "atr" }), whole);
    expect([other.ok, kinds(other)]).toEqual([false, { "not-by-beat": 1 }]);
    await expect(checkTable(rows(join(at, "gone"), { key: "Dx" }), whole)).rejects.toMatchObject({ code: "data-missing" });
    await expect(checkTable(rows(at, { key: "Dx" }, { patients: join(at, "a.hea") }), whole)).rejects.toMatchObject({
      code: "data-invalid",
    });
  });
});

describe("[D23] what is wrong with a recording is found by the data check, with its row and never a value", () => {
  it("one of each", async () => {
    const at = await made("wrong");
    const dx = { comments: ["Dx: 1"] };
    await record(at, "a-good", dx);
    await record(at, "b-lead", { ...dx, leads: ["V1"] });
    await record(at, "c-unit", { ...dx, unit: "kPa" });
    await record(at, "d-short", { ...dx, points: 99 });
    await record(at, "e-damaged", dx);
    await writeFile(join(at, "e-damaged.dat"), new Uint8Array(600));
    await record(at, "f-outside", dx);
    await cp(join(at, "f-outside.dat"), join(folder, "g.dat"));
    await writeFile(join(at, "f-outside.hea"), "f-outside 1 100 300\n../g.dat 16 100/mV 16 0 0 0 0 II\n# Dx: 1\n");
    await writeFile(join(at, "g-broken.hea"), "canary-7391\n");
    const report = await checkTable(rows(at, { key: "Dx" }), planOf(field(), ["1"], ["0"]));
    expect(report).toMatchObject({ rows: 7, usable: 1, ok: true });
    expect(report.places).toBe("row");
    expect(Object.fromEntries(said(report).map(({ kind, places }) => [kind, places[0]?.line]))).toEqual({
      "damaged-recording": 5,
      "file-elsewhere": 6,
      "missing-lead": 2,
      "other-unit": 3,
      "short-recording": 4,
      "unreadable-recording": 7,
    });
    expect(JSON.stringify(report)).not.toMatch(/canary|good|g\.dat/);
  });

  it("another rate and a lead that is filled are notes", async () => {
    const at = await made("notes");
    await record(at, "a", { comments: ["Dx: 1"] });
    const plan = planOf(field({ rate: 50, leads: ["II", "V1"], missingLead: "zeros" }), ["1"], ["0"]);
    const report = await checkTable(rows(at, { key: "Dx" }), plan);
    expect([report.ok, report.usable, kinds(report)]).toEqual([true, 1, { "lead-left-empty": 1, "other-rate": 1 }]);
  });

  it("CSV recordings need a declared rate", async () => {
    const at = await made("csv");
    await writeFile(join(at, "a.csv"), `t,ii\n${Array.from({ length: 100 }, (_, index) => `${index},${index}`).join("\n")}\n`);
    const plan = planOf(field(), ["1"], ["0"]);
    const table = (changes: object) => tableOf("ecg,id,sick\na.csv,p,1\n", { files: at, ...changes });
    const report = await checkTable(table({}), plan);
    expect([report.ok, kinds(report)]).toEqual([false, { "no-rate": 1 }]);
    expect(kinds(await checkTable(table({ rate: 100 }), plan))).toEqual({});
    expect(kinds(await checkTable(table({ rate: 50 }), plan))).toEqual({ "other-rate": 1 });
  });
});

requireOrSkip("the shared recordings", findShared("data/cinc2021-samples/records")).describe(
  "three hospitals' electrocardiograms",
  (found) => {
    it("[D24] become samples of one plan, by the SNOMED codes of their headers", async () => {
      const leads = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];
      const signal = field({ leads, rate: 125, seconds: 10, unit: "uV", band: { above: 0.5, below: 40, order: 2 } });
      const report = await checkTable(rows(found, { key: "Dx" }), planOf(signal, ["426177001", "427084000"], ["426783006"]));
      // PTB-XL's headers say mv.
      expect([report.rows, report.ok, Object.keys(kinds(report)).filter((kind) => kind !== "unknown-label")]).toEqual([
        50,
        true,
        ["other-rate"],
      ]);
      expect(Math.min(report.classes["positive"] ?? 0, report.classes["negative"] ?? 0)).toBeGreaterThan(5);
    });
  },
);
