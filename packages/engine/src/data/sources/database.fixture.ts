/** What a query to any database must do: one suite, which each database's test runs against its own server. */
import { expect, it } from "vitest";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import type { SqlTable } from "../declaration.ts";
import { readTable } from "../table.ts";

/** Visit i of 1 to ROWS: id p<i>, age 20 + (i mod 600) / 10 as a decimal, sex i mod 2, sick where 3 divides i, and a note that must never come out. */
export const ROWS = 12_345;
export const CANARY = "canary-4711";
export const ageOf = (visit: number): number => 20 + (visit % 600) / 10;

/** Of a file that holds the address. */
export const tableAt =
  (file: string) =>
  (query: string, changes: Partial<SqlTable> = {}): SqlTable => ({
    source: "sql",
    query,
    address: { file },
    seconds: 30,
    missing: [],
    columns: {},
    label: "sick",
    patient: "id",
    ...changes,
  });

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

interface Kind {
  readonly table: ReturnType<typeof tableAt>;
  /** Of its addresses. */
  readonly scheme: string;
  /** What it says of a column that is not there. */
  readonly noSuchColumn: string;
}

export function readsLikeADatabase({ table, scheme, noSuchColumn }: Kind): void {
  it("is read to the last row, in batches, decimals as they stand", async () => {
    const { table: read } = await readTable(table("SELECT id, age, sex, sick FROM visits ORDER BY id;\n"), plan.data);
    expect(read.rows).toBe(ROWS);
    expect(sum(read.columns[0] ?? [])).toBeCloseTo(sum(Array.from({ length: ROWS }, (_, i) => ageOf(i + 1))), 3);
    expect(sum(read.labels)).toBe(Math.floor(ROWS / 3));
  });

  it("that gives no row has its columns all the same", async () => {
    const report = await checkTable(table("SELECT id, age, sick FROM visits WHERE 1 = 0"), plan.data);
    expect(report).toMatchObject({ rows: 0, ok: false, findings: [{ kind: "missing-column", places: [{ line: 0, field: "sex" }] }] });
  });

  it("[D10] neither address nor values come out with an error", async () => {
    const told = async (changed: SqlTable): Promise<string> => checkTable(changed, plan.data).then(JSON.stringify, String);
    const variable = `ENGRAFT_TEST_${scheme.toUpperCase()}`;
    process.env[variable] = `${scheme}://${CANARY}:${CANARY}@127.0.0.1:1/x`;
    const said = [
      await told(table("SELECT id, age, sex, sick, note, no_such_column FROM visits")),
      await told(table("SELECT id, age, sex, sick, note FROM visits")),
      await told(table(`SELECT '${CANARY}' FROM nowhere`)),
      await told(table("SELECT 1", { address: { variable } })),
      await told(table("SELECT 1", { address: { variable: "ENGRAFT_TEST_NO_ADDRESS" } })),
    ];
    delete process.env[variable];
    expect(said[0]).toContain(noSuchColumn);
    expect(said[3]).toContain("cannot be reached");
    expect(said[4]).toContain("ENGRAFT_TEST_NO_ADDRESS");
    expect(said.join()).not.toContain(CANARY);
  });
}
