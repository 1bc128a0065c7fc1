import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { plan, tableOf } from "../model.fixture.ts";
import { readCodes } from "./codes.ts";
import { checkTable } from "./check.ts";
import type { CsvTable } from "./declaration.ts";
import { mappingDigest } from "./mapping.ts";
import { fittingCuts, partAt, PARTS, shareOf } from "./split.ts";
import { readTable, type DataPlan } from "./table.ts";

let folder = mkdtempSync(join(tmpdir(), "engraft-patients-"));
const all = [folder];
beforeEach(() => all.push((folder = mkdtempSync(join(tmpdir(), "engraft-patients-")))));
afterAll(() => all.forEach((one) => rmSync(one, { recursive: true, force: true })));

const key = new Uint8Array(32).fill(9);
const keyed: DataPlan = { ...plan.data, split: { salt: "s", train: 0.6, validation: 0.2, keyed: true } };
const rowsOf = (from: number, to: number, sick: (index: number) => number): string[] =>
  Array.from({ length: to - from }, (_, index) => `p${from + index},${20 + ((from + index) % 60)},${index % 2},${sick(from + index)}`);
const tableWith = (rows: readonly string[], changes: Partial<CsvTable> = {}) => tableOf(["id,age,sex,sick", ...rows].join("\n"), changes);
const every = (n: number) => (index: number) => (index % n === 0 ? 1 : 0);

describe("a keyed split", () => {
  it("[D3] follows from key, salt and patient id as documented", () => {
    const bytes = Buffer.from([4, 0, 0, 0, ...Buffer.from("salt"), 3, 0, 0, 0, ...Buffer.from("p17")]);
    const share = Number.parseInt(createHmac("sha256", key).update(bytes).digest("hex").slice(0, 12), 16) / 2 ** 48;
    const split = { salt: "salt", train: 0.5, validation: 0.2, keyed: true } as const;
    expect(shareOf(split, "p17", key)).toBe(share);
    expect(shareOf(split, "p17", new Uint8Array(32))).not.toBe(share);
  });

  it("needs the site's key", async () => {
    await expect(readTable(tableWith(rowsOf(0, 9, every(2))), keyed)).rejects.toMatchObject({ code: "bad-config" });
  });

  it("[D3] divides few patients class by class, and keeps each patient's part however the table grows", async () => {
    const site = { key, folder, keep: true };
    const { counts, table: small } = await readTable(tableWith(rowsOf(0, 100, every(10))), keyed, { site });
    expect(PARTS.map((part) => [counts[part].patientsOf["positive"], counts[part].patientsOf["negative"]])).toEqual([
      [6, 54],
      [2, 18],
      [2, 18],
    ]);
    const { table: large, patients } = await readTable(tableWith(rowsOf(0, 3000, every(10))), keyed, { site });
    expect(patients).toBe(3000);
    expect(large.parts.slice(0, 100)).toEqual(small.parts);
  });

  it("fixes nothing where the table is only looked at", async () => {
    const look = { key, folder, keep: false };
    await checkTable(tableWith(rowsOf(0, 20, every(2))), keyed, { site: look });
    const { counts } = await readTable(tableWith(rowsOf(0, 100, every(10))), keyed, { site: { ...look, keep: true } });
    expect(counts.train.patients).toBe(60);
  });

  it("goes by the fractions where patients are many, and that stays so when they become few", async () => {
    const site = { key, folder, keep: true };
    const { table: many } = await readTable(tableWith(rowsOf(0, 1500, every(2))), keyed, { site });
    const { table: few } = await readTable(tableWith(rowsOf(0, 50, every(2))), keyed, { site });
    expect(few.parts).toEqual(many.parts.slice(0, 50));
  });

  it("does not go on with another key than before", async () => {
    await readTable(tableWith(rowsOf(0, 50, every(2))), keyed, { site: { key, folder, keep: true } });
    const other = { key: new Uint8Array(32).fill(1), folder, keep: true };
    await expect(readTable(tableWith(rowsOf(0, 50, every(2))), keyed, { site: other })).rejects.toMatchObject({ code: "bad-config" });
  });

  it("cuts any shares into the rounded numbers", () => {
    for (let count = 1; count <= 60; count++) {
      const shares = Array.from({ length: count }, (_, index) => shareOf(keyed.split, `${count}/${index}`, key));
      const cuts = fittingCuts(shares, keyed.split);
      const parts = shares.map((share) => partAt(share, cuts));
      expect(parts.filter((part) => part === "train")).toHaveLength(Math.min(Math.round(0.6 * count), count - (count < 3 ? 0 : 1)));
      if (count >= 3) expect(parts).toContain("test");
    }
  });
});

describe("a table without patient ids", () => {
  it("[D13] has its rows for patients, says so, and keeps their parts when rows move or are added", async () => {
    const declared = { patient: null };
    const rows = [...rowsOf(0, 60, every(3)), ...rowsOf(0, 10, every(3))];
    const { table } = await readTable(tableWith(rows, declared), plan.data);
    expect([table.rows, table.parts.length]).toEqual([70, 70]);
    const turned = await readTable(tableWith([...rowsOf(100, 130, every(3)), ...rows.toReversed()], declared), plan.data);
    const parts = ({ parts: its, patientOf, columns }: typeof table) =>
      [...patientOf.keys()].map((row) => `${columns[0]?.[row]} ${columns[1]?.[row]} ${its[patientOf[row] as number]}`).toSorted();
    const before = parts(table);
    const after = parts(turned.table);
    for (const one of before) after.splice(after.indexOf(one), 1);
    expect(after).toHaveLength(30);
    const report = await checkTable(tableWith(rows, declared), plan.data);
    expect(report.findings.map(({ kind }) => kind)).toContain("rows-as-patients");
  });
});

describe("a file of codes", () => {
  const file = (text: string): string => {
    const path = join(folder, "codes");
    writeFileSync(path, text);
    return path;
  };
  const site = ["p1,40,f,ja", "p2,50,m,nein", "p3,60,1,1"];

  it.each([
    ["CSV", "field,site,plan\nsex,f,0\nsex,m,1\nsick,ja,1\nsick,nein,0\nother,x,y\n"],
    ["JSON", '{"format":"engraft.codes/1","version":3,"fields":{"sex":{"f":"0","m":"1"},"sick":{"ja":"1","nein":"0"}}}'],
  ])("[D10] turns the site's codes into the plan's (%s)", async (_, text) => {
    const { table } = await readTable(tableWith(site, { codes: file(text) }), plan.data);
    expect([...(table.columns[1] ?? [])]).toEqual([0, 1, 1]);
    expect([...table.labels]).toEqual([1, 0, 1]);
  });

  it("can exchange two codes", async () => {
    const { table } = await readTable(
      tableWith(["a,40,0,1", "b,50,1.0,1"], { codes: file("field,site,plan\nsex,0,1\nsex,1,0\n") }),
      plan.data,
    );
    expect([...(table.columns[1] ?? [])]).toEqual([1, 0]);
  });

  it("that names a code which the plan lacks stops the table", async () => {
    const report = await checkTable(tableWith(site, { codes: file("field,site,plan\nsex,f,7\n") }), plan.data);
    expect(report.findings[0]).toMatchObject({ kind: "code-map-wrong", places: [{ line: 1, field: "sex" }] });
  });

  it.each(["", "a,b\n", "field,site,plan\nsex,f\n", "field,site,plan\nsex,f,0\nsex,f,1\n", "{", '{"format":"x"}', 'field,site,plan\n"x'])(
    "that is none is refused: %j",
    async (text) => {
      await expect(readCodes(file(text))).rejects.toMatchObject({ code: "bad-input" });
    },
  );

  it("[D11] changes the mapping's digest with every byte; so does each unit and factor", async () => {
    const table = tableWith(site);
    expect(await mappingDigest(table)).toBeNull();
    const codes = file("field,site,plan\nsex,f,0\n");
    const digests = [await mappingDigest({ ...table, codes })];
    file("field,site,plan\nsex,f,0\n\n");
    digests.push(await mappingDigest({ ...table, codes }));
    for (const changes of [{ units: { age: "mo" } }, { units: { age: "wk" } }, { factors: { age: 2 } }, { patient: null }])
      digests.push(await mappingDigest({ ...table, ...changes }));
    expect(new Set(digests).size).toBe(6);
    rmSync(codes);
    await expect(mappingDigest({ ...table, codes })).rejects.toMatchObject({ code: "data-missing" });
  });
});
