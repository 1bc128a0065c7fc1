import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../../../test/support/postgres.ts";
import { findPostgres, requireOrSkip } from "../../../../../test/support/require.ts";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import type { SqlTable } from "../declaration.ts";
import { readTable } from "../table.ts";

const folder = mkdtempSync(join(tmpdir(), "engraft-sql-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 12_345;
const CANARY = "canary-4711";

requireOrSkip("PostgreSQL", findPostgres).describe("a query to PostgreSQL", (bin) => {
  let server: TestPostgres;
  let database: pg.Client;
  const address = join(folder, "address");

  beforeAll(async () => {
    server = await startPostgres(bin);
    writeFileSync(address, `${server.url}\n`, { mode: 0o600 });
    database = new pg.Client(server.url);
    await database.connect();
    await database.query(
      `CREATE TABLE visits AS SELECT 'p' || i AS id, 20 + (i % 600)::numeric / 10 AS age, i % 2 AS sex, (i % 3 = 0)::int AS sick, '${CANARY}' AS note FROM generate_series(1, ${ROWS}) i`,
    );
  });
  afterAll(async () => {
    await database.end();
    await server.stop();
  });

  const table = (query: string, changes: Partial<SqlTable> = {}): SqlTable => ({
    source: "sql",
    query,
    address: { file: address },
    seconds: 30,
    missing: [],
    columns: {},
    label: "sick",
    patient: "id",
    ...changes,
  });

  it("is read to the last row, in batches", async () => {
    const { table: read } = await readTable(table("SELECT id, age, sex, sick FROM visits ORDER BY id;\n"), plan.data);
    expect(read.rows).toBe(ROWS);
    const ages = Array.from({ length: ROWS }, (_, i) => 20 + ((i + 1) % 600) / 10);
    const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
    expect(sum(read.columns[0] ?? [])).toBeCloseTo(sum(ages), 3);
    expect(sum(read.labels)).toBe(Math.floor(ROWS / 3));
  });

  it("that gives no row has its columns all the same", async () => {
    const report = await checkTable(table("SELECT id, age, sick FROM visits WHERE false"), plan.data);
    expect(report).toMatchObject({ rows: 0, ok: false, findings: [{ kind: "missing-column", places: [{ line: 0, field: "sex" }] }] });
  });

  it("[D10] cannot write, nor end its transaction", async () => {
    await database.query("CREATE FUNCTION spoil() RETURNS int LANGUAGE sql VOLATILE AS 'DELETE FROM visits RETURNING 1'");
    for (const query of [
      "SELECT id, age, sex, sick FROM visits, spoil()",
      "SELECT 1; COMMIT; DELETE FROM visits",
      "DELETE FROM visits RETURNING id",
      "WITH gone AS (DELETE FROM visits RETURNING *) SELECT * FROM gone",
    ])
      await expect(checkTable(table(query), plan.data)).rejects.toMatchObject({ code: "data-missing" });
    expect((await database.query("SELECT count(*)::int AS n FROM visits")).rows).toEqual([{ n: ROWS }]);
  });

  it("ends at its time limit", async () => {
    await expect(checkTable(table("SELECT pg_sleep(60)", { seconds: 1 }), plan.data)).rejects.toMatchObject({
      message: expect.stringContaining("57014"),
    });
  });

  it("[D10] neither address nor values come out with an error", async () => {
    const told = async (changed: SqlTable): Promise<string> => checkTable(changed, plan.data).then(JSON.stringify, String);
    process.env["ENGRAFT_TEST_ADDRESS"] = `postgresql://${CANARY}:${CANARY}@127.0.0.1:1/x`;
    const said = [
      await told(table("SELECT note::int FROM visits")),
      await told(table("SELECT id, age, sex, sick, note FROM visits")),
      await told(table("SELECT 1", { address: { variable: "ENGRAFT_TEST_ADDRESS" } })),
      await told(table("SELECT 1", { address: { variable: "ENGRAFT_TEST_NO_ADDRESS" } })),
    ];
    delete process.env["ENGRAFT_TEST_ADDRESS"];
    expect(said.join()).toContain("22P02");
    expect(said.join()).not.toContain(CANARY);
    expect(said[3]).toContain("ENGRAFT_TEST_NO_ADDRESS");
  });
});
