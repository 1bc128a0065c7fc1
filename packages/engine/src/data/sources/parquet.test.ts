import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { randomFrom } from "../../base/random.ts";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import type { ParquetTable } from "../declaration.ts";
import { readRows } from "../rows.ts";
import { readTable } from "../table.ts";
import { PARQUET } from "./parquet.fixture.ts";
import { UnreadableTable, type Row } from "./row.ts";

const folder = mkdtempSync(join(tmpdir(), "engraft-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tableOf(bytes: Uint8Array, changes: Partial<ParquetTable> = {}): ParquetTable {
  const path = join(folder, `${randomBytes(6).toString("hex")}.parquet`);
  writeFileSync(path, bytes);
  return { source: "parquet", path, missing: [], columns: {}, label: "sick", patient: "id", ...changes };
}

const fixture = (name = "snappy"): Uint8Array => Buffer.from(PARQUET[name] ?? "", "base64");

async function rowsOf(table: ParquetTable, columns: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows(table, { columns: new Set(columns) })) rows.push(row);
  return rows;
}

describe("a Parquet file", () => {
  it.each(Object.keys(PARQUET))("of pyarrow is read to the last value (%s)", async (name) => {
    const rows = await rowsOf(tableOf(fixture(name)), ["id", "age", "sex", "sick", "chol", "ward", "seen"]);
    expect(rows[0]).toEqual({ line: 0, cells: ["id", "age", "sex", "sick", "chol", "ward", "seen"] });
    expect(rows.slice(1)).toEqual(
      Array.from({ length: 40 }, (_, i) => ({
        line: i + 1,
        cells: [
          `p${i}`,
          i % 10 === 3 ? "" : String(30.5 + i),
          String(i % 2),
          String(i % 3 === 0),
          `${4 + (i % 5)}.25`,
          i % 2 === 1 ? "A" : "B",
          `2020-01-${String(1 + (i % 28)).padStart(2, "0")}T12:00:00.000Z`,
        ],
      })),
    );
  });

  it("lends only the columns that are needed, and none that is nested", async () => {
    expect((await rowsOf(tableOf(fixture()), ["sex", "beats", "person", "other"]))[0]?.cells).toEqual(["sex"]);
  });

  it("is a table like any other, with numbers of rows for lines", async () => {
    const label = { ...plan.data.label, positive: ["true"], negative: ["false"] };
    const { table } = await readTable(tableOf(fixture()), { ...plan.data, label });
    expect([table.rows, table.columns[0]?.[4], table.columns[1]?.[5], table.labels[0], table.labels[1]]).toEqual([40, 34.5, 1, 1, 0]);
    const report = await checkTable(tableOf(fixture()), plan.data);
    expect(report).toMatchObject({ places: "row", ok: false });
    expect(report.findings.find(({ kind }) => kind === "unknown-label")).toMatchObject({
      count: 40,
      places: expect.arrayContaining([{ line: 40, field: "label" }]),
    });
  });

  it("that is none, or is not there, is said so", async () => {
    for (const bytes of [Buffer.from("id,age\n"), new Uint8Array(0), fixture().subarray(0, 900)]) {
      const report = await checkTable(tableOf(bytes), plan.data);
      expect(report).toMatchObject({ ok: false, findings: [{ kind: "broken-file" }] });
    }
    await expect(checkTable({ ...tableOf(fixture()), path: "/nowhere.parquet" }, plan.data)).rejects.toMatchObject({
      code: "data-missing",
    });
    await expect(checkTable({ ...tableOf(fixture()), path: "/" }, plan.data)).rejects.toMatchObject({ code: "data-missing" });
  });

  // Always the same cases: the decoder can take a damaged page for a run of two thousand million values.
  it("that was damaged gives rows or a broken file, and nothing else", async () => {
    const random = randomFrom(["parquet"]);
    const names = Object.keys(PARQUET);
    let broken = 0;
    for (let index = 0; index < 200; index++) {
      const bytes = Uint8Array.from(fixture(names[index % names.length]));
      bytes[random.below(bytes.length)] = random.below(256);
      try {
        await rowsOf(tableOf(bytes), ["id", "age", "sex", "sick"]);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableTable);
        broken++;
      }
    }
    expect(broken).toBeGreaterThan(20);
  });
});
