import { describe, expect, it } from "vitest";
import { beyondSize, plan, tableOf } from "../model.fixture.ts";
import { checkTable } from "./check.ts";
import type { CsvTable } from "./declaration.ts";
import { readTable } from "./table.ts";

const read = (content: string | Uint8Array, changes: Partial<CsvTable> = {}) => readTable(tableOf(content, changes), plan.data);
const check = (content: string | Uint8Array, changes: Partial<CsvTable> = {}) => checkTable(tableOf(content, changes), plan.data);
const places = (report: Awaited<ReturnType<typeof check>>) =>
  beyondSize(report.findings).map(({ kind, count, places: where }) => [kind, count, ...where.map(({ line, field }) => `${line}:${field}`)]);

describe("reading", () => {
  it("gives typed columns of the usable rows", async () => {
    const { table, rowsRead } = await read("id,age,sex,sick\na,40,1,2\nb,50.5,0.0,0\na,41,1.0,01\n");
    expect(rowsRead).toBe(3);
    expect([...(table.columns[0] ?? [])]).toEqual([40, 50.5, 41]);
    expect([...(table.columns[1] ?? [])]).toEqual([1, 0, 1]);
    expect([...table.labels]).toEqual([1, 0, 1]);
    expect([...table.patientOf]).toEqual([0, 1, 0]);
    expect([...table.parts]).toHaveLength(2);
  });

  it("[D1] follows the declaration: delimiter, decimal mark, missing texts, column names, quotes, blanks, Windows line ends", async () => {
    const { table } = await read('Nr;"Alter; Jahre";sex;krank\r\n1;"40,5";1;1\r\n 2 ; ? ;k.A.;0\r\n', {
      delimiter: ";",
      decimal: ",",
      missing: ["?", "k.A."],
      columns: { age: "Alter; Jahre" },
      label: "krank",
      patient: "Nr",
    });
    expect([...(table.columns[0] ?? [])]).toEqual([40.5, Number.NaN]);
    expect([...(table.columns[1] ?? [])]).toEqual([1, Number.NaN]);
    expect([...table.patientOf]).toEqual([0, 1]);
  });

  it("decodes what is declared, with or without a byte order mark", async () => {
    const text = "id,größe,sex,sick\nä,40,1,1\n";
    const latin = Buffer.from(text, "latin1");
    const wide = Buffer.from(`\uFEFF${text}`, "utf16le");
    for (const [content, encoding] of [
      [text, "utf-8"],
      [`\uFEFF${text}`, "utf-8"],
      [latin, "windows-1252"],
      [wide, "utf-16le"],
    ] as const) {
      const { table, findings } = await read(content, { encoding, columns: { age: "größe" } });
      expect([...(table.columns[0] ?? [])]).toEqual([40]);
      expect(beyondSize(findings.list())).toEqual([]);
    }
  });

  it("stops at bytes that are not in the declared encoding", async () => {
    const report = await check(Buffer.from("id,age,sex,sick\nä,40,1,1\n", "latin1"));
    expect(report.ok).toBe(false);
    expect(report.findings.map(({ kind }) => kind)).toContain("not-text");
  });
});

describe("the check", () => {
  it("[D2] names each problem with its line and never a value", async () => {
    const report = await check(
      [
        "id,age,sex,sick",
        "p1,40,1,1",
        "p2,secret,1,0", // not a number
        "p3,999,1,0", // outside the range
        "p4,40,77,0", // unknown code
        "p5,40,1,", // no label
        "p6,40,1,9", // unknown label
        ",40,1,1", // no patient
        "p7,40,1", // too few columns
        "", // skipped, but counted as a line
        "p1,,,0", // a second row; two values missing
        "",
      ].join("\n"),
    );
    expect(places(report)).toEqual([
      ["wrong-column-count", 1, "9:null"],
      ["no-patient", 1, "8:patient id"],
      ["no-label", 1, "6:label"],
      ["unknown-label", 1, "7:label"],
      ["not-a-number", 1, "3:age"],
      ["outside-range", 1, "4:age"],
      ["unknown-code", 1, "5:sex"],
      ["repeated-patient", 1, "11:patient id"],
    ]);
    expect(report).toMatchObject({
      ok: true,
      rows: 9,
      usable: 5,
      patients: 4,
      classes: { positive: 1, negative: 4 },
      missing: [
        { field: "age", count: 3 },
        { field: "sex", count: 2 },
      ],
    });
    expect(JSON.stringify(report)).not.toMatch(/secret|999|77|p[1-7]/);
  });

  it("counts rows and patients of each part, all rows of a patient in one", async () => {
    const rows = Array.from({ length: 300 }, (_, index) => `p${index % 100},40,1,${index % 2}`);
    const { parts } = await check(["id,age,sex,sick", ...rows].join("\n"));
    const total = (of: "rows" | "patients"): number => parts.train[of] + parts.validation[of] + parts.test[of];
    expect([total("rows"), total("patients")]).toEqual([300, 100]);
    for (const part of Object.values(parts)) expect(part.rows).toBe(3 * part.patients);
  });

  it("a missing column is an error, and the other columns are still read", async () => {
    const report = await check("id,sex,sick\np1,7,1\n");
    expect(places(report)).toEqual([
      ["missing-column", 1, "1:age"],
      ["unknown-code", 1, "2:sex"],
    ]);
    expect(report.ok).toBe(false);
    expect(places(await check("age,sex\n40,1\n"))).toEqual([["missing-column", 2, "1:label", "1:patient id"]]);
  });

  it("a repeated column name, an empty file and a file without rows cannot be used", async () => {
    expect(places(await check("id,age,age,sex,sick\np,1,2,1,1\n"))).toEqual([["duplicate-header", 1, "1:null"]]);
    expect((await check("id,age,age,sex,sick\np,1,2,1,1\n")).ok).toBe(false);
    const empty = await check("");
    expect(empty).toMatchObject({ ok: false, rows: 0 });
    expect(places(empty)).toEqual([["no-header", 1, "1:null"]]);
    expect(await check("id,age,sex,sick\n")).toMatchObject({ ok: false, rows: 0, usable: 0, findings: [] });
  });

  it("[D1] a wrong delimiter shows as missing columns", async () => {
    const report = await check("id;age;sex;sick\np1;40;1;1\n");
    expect(report.findings[0]).toMatchObject({ kind: "missing-column", count: 4 });
  });

  it("broken quotes stop the reading at their line, without the text", async () => {
    const report = await check('id,age,sex,sick\np1,40,1,1\np2,4"secret"0,1,1\n');
    expect(places(report)).toEqual([["broken-quotes", 1, "3:null"]]);
    expect(report.ok).toBe(false);
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  it("a row over several lines is named by its first", async () => {
    expect(places(await check('id,age,sex,sick\n"p\n1",x,1,1\np2,x,1,1\n'))).toEqual([["not-a-number", 2, "2:age", "4:age"]]);
  });

  it("keeps the first 100 places of a kind and counts the rest", async () => {
    const report = await check(["id,age,sex,sick", ...Array.from({ length: 2500 }, (_, index) => `p${index},x,${index % 2},1`)].join("\n"));
    expect(places(report)).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({ kind: "not-a-number", count: 2500 });
    expect(report.findings[0]?.places).toHaveLength(100);
    expect(report.findings[0]?.places.at(-1)).toEqual({ line: 101, field: "age" });
  });

  it("a file that is not there is named as such, a folder too", async () => {
    await expect(checkTable({ ...tableOf("x"), path: "/nowhere/at/all.csv" }, plan.data)).rejects.toMatchObject({
      code: "data-missing",
      message: expect.stringContaining("no such file"),
    });
    await expect(checkTable({ ...tableOf("x"), path: "/" }, plan.data)).rejects.toMatchObject({ code: "data-missing" });
  });
});
