import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection, type Connection } from "mysql2/promise";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startMariadb, type TestMariadb } from "../../../../../test/support/mariadb.ts";
import { findMariadb, requireOrSkip } from "../../../../../test/support/require.ts";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import { CANARY, readsLikeADatabase, ROWS, tableAt } from "./database.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "engraft-mysql-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

requireOrSkip("MariaDB", findMariadb).describe("a query to MariaDB", (bin) => {
  let server: TestMariadb;
  let database: Connection;
  const address = join(folder, "address");

  beforeAll(async () => {
    server = await startMariadb(bin);
    writeFileSync(address, `${server.url}\n`, { mode: 0o600 });
    database = await createConnection({ uri: server.url, multipleStatements: true });
    await database.query(
      `CREATE TABLE visits AS SELECT concat('p', seq) AS id, cast(20 + mod(seq, 600) / 10 AS decimal(6, 2)) AS age, mod(seq, 2) AS sex, mod(seq, 3) = 0 AS sick, '${CANARY}' AS note FROM seq_1_to_${ROWS}`,
    );
  });
  afterAll(async () => {
    await database?.end();
    await server?.stop();
  });

  const table = tableAt(address);

  readsLikeADatabase({ table, scheme: "mysql", noSuchColumn: "ER_BAD_FIELD_ERROR" });

  it("[D10] cannot write, nor end its transaction", async () => {
    await database.query("CREATE FUNCTION spoil() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM visits; RETURN 1; END");
    for (const query of [
      "SELECT id, age, sex, sick FROM visits WHERE spoil() = 1",
      "SELECT 1; COMMIT; DELETE FROM visits",
      "DELETE FROM visits RETURNING id",
      "DROP TABLE visits",
      "TRUNCATE visits",
    ])
      await expect(checkTable(table(query), plan.data)).rejects.toMatchObject({ code: "data-missing" });
    const [rows] = await database.query("SELECT count(*) AS n FROM visits");
    expect(rows).toEqual([{ n: ROWS }]);
  });

  it("ends at its time limit, at the server too", async () => {
    await expect(checkTable(table("SELECT sleep(60) AS id", { seconds: 1 }), plan.data)).rejects.toMatchObject({ code: "data-missing" });
    const running = async (): Promise<unknown> => {
      const [rows] = await database.query(
        "SELECT info FROM information_schema.processlist WHERE info LIKE '%sleep(60)%' AND info NOT LIKE '%processlist%'",
      );
      return rows;
    };
    await expect.poll(running).toEqual([]);
  });
});
