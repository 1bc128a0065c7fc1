import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../../../test/support/postgres.ts";
import { findPostgres, requireOrSkip } from "../../../../../test/support/require.ts";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import { CANARY, readsLikeADatabase, ROWS, tableAt } from "./database.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "engraft-sql-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  const table = tableAt(address);

  readsLikeADatabase({ table, scheme: "postgresql", noSuchColumn: "42703" });

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

  it("[D10] a value that cannot be converted is not told", async () => {
    const told = await checkTable(table("SELECT note::int FROM visits"), plan.data).then(JSON.stringify, String);
    expect(told).toContain("22P02");
    expect(told).not.toContain(CANARY);
  });
});
