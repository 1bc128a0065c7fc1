import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeAuthority } from "../../../../../test/support/certificate.ts";
import { startTds, type TdsAnswer, type TdsColumn, type TdsOptions, type TdsValue, type TestTds } from "../../../../../test/support/tds.ts";
import { plan } from "../../model.fixture.ts";
import { checkTable } from "../check.ts";
import { ageOf, CANARY, readsLikeADatabase, ROWS, tableAt } from "./database.fixture.ts";
import { sqlRows } from "./sql.ts";

const folder = mkdtempSync(join(tmpdir(), "engraft-sqlserver-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AUTHORITY = makeAuthority("a hospital");
const ca = join(folder, "ca.pem");
writeFileSync(ca, AUTHORITY.certificate);
const CERTIFICATE = AUTHORITY.server("localhost");

const COLUMNS: Readonly<Record<string, TdsColumn>> = {
  id: { name: "id", type: "nvarchar" },
  age: { name: "age", type: "decimal" },
  sex: { name: "sex", type: "int" },
  sick: { name: "sick", type: "bit" },
  note: { name: "note", type: "nvarchar" },
};
const visit = (i: number): Readonly<Record<string, TdsValue>> => ({
  id: `p${i}`,
  age: BigInt(Math.round(100 * ageOf(i))),
  sex: i % 2,
  sick: i % 3 === 0,
  note: CANARY,
});
const one = (value: number): TdsAnswer => ({ columns: [{ name: "", type: "int" }], rows: [[value]] });

/** Of a batch: what it selects from the visits, as a server would. `mayWrite`: what the account has been granted. */
const answers =
  ({ mayWrite = 0, open = 1, rows = ROWS } = {}) =>
  (batch: string): TdsAnswer => {
    if (batch.includes("HAS_PERMS_BY_NAME")) return one(mayWrite);
    if (batch === "SELECT @@TRANCOUNT") return one(open);
    if (/^(SET|ROLLBACK)/.test(batch)) return "done";
    const [, names, where] = /^SELECT (.+?) FROM visits( WHERE 1 = 0)?/.exec(batch) ?? [];
    if (names === undefined) return { error: 208, text: `Invalid object name in ${batch}` };
    const columns = names.split(", ").map((name) => COLUMNS[name]);
    if (columns.includes(undefined)) return { error: 207, text: `Invalid column name; a row holds ${CANARY}` };
    const known = columns as TdsColumn[];
    return {
      columns: known,
      rows: (function* () {
        for (let i = 1; i <= (where === undefined ? rows : 0); i++) yield known.map(({ name }) => visit(i)[name] ?? null);
      })(),
    };
  };

const USER = "reader";
let server: TestTds;
const start = async (options: Partial<TdsOptions>, query: string): Promise<ReturnType<typeof tableAt>> => {
  server = await startTds({ answer: answers(), ...options });
  const address = join(folder, `address-${server.port}`);
  writeFileSync(address, `sqlserver://${USER}:${CANARY}@localhost:${server.port}/ward${query}\n`, { mode: 0o600 });
  return tableAt(address);
};
const QUERY = "SELECT id, age, sex, sick FROM visits";
const TRUSTED = `?ca=${encodeURIComponent(ca)}`;

describe("a query to SQL Server, over TLS inside its greeting", () => {
  const file = join(folder, "address");
  beforeAll(async () => {
    server = await startTds({ answer: answers(), tls: CERTIFICATE });
    writeFileSync(file, `mssql://${USER}:${CANARY}@localhost:${server.port}/ward${TRUSTED}\n`);
  });
  afterAll(() => server.stop());
  readsLikeADatabase({ table: tableAt(file), scheme: "sqlserver", noSuchColumn: "207" });

  it("[D10] signs in encrypted, as one who only reads, and rolls back what it began", () => {
    expect(server.logins.length).toBeGreaterThan(0);
    for (const login of server.logins) expect(login).toMatchObject({ encrypted: true, readOnly: true });
    const [rights, begin, ...rest] = server.batches;
    expect(rights).toContain("HAS_PERMS_BY_NAME");
    expect([begin, ...rest.slice(0, 3)]).toEqual([
      "SET XACT_ABORT ON; BEGIN TRANSACTION",
      `${QUERY} ORDER BY id`,
      "SELECT @@TRANCOUNT",
      "ROLLBACK TRANSACTION",
    ]);
  });
});

describe("a query to SQL Server", () => {
  afterEach(() => server.stop());
  const told = (table: ReturnType<typeof tableAt>, query = QUERY, seconds = 30): Promise<string> =>
    checkTable(table(query, { seconds }), plan.data).then(JSON.stringify, String);

  it("is read over TLS from the first byte too", async () => {
    const table = await start({ tls: { ...CERTIFICATE, first: true } }, `${TRUSTED}&encrypt=strict`);
    expect((await checkTable(table(QUERY), plan.data)).rows).toBe(ROWS);
  });

  it("[D10] is not sent, nor is the password, to a server without TLS, or one that nobody vouches for", async () => {
    expect(await told(await start({}, ""))).toContain("offers no TLS");
    expect([server.logins, server.batches]).toEqual([[], []]);
    await server.stop();
    expect(await told(await start({ tls: CERTIFICATE }, ""))).toContain("cannot be reached");
    expect([server.logins, server.batches]).toEqual([[], []]);
    await server.stop();
    // Only where the address says so.
    expect(await told(await start({}, "?encrypt=no"))).toContain(`"rows":${ROWS}`);
    expect(server.logins).toMatchObject([{ encrypted: false }]);
  });

  it("[D10] is not sent for an account that may write", async () => {
    expect(await told(await start({ answer: answers({ mayWrite: 1 }) }, "?encrypt=no"))).toContain("may write");
    expect(server.batches).toHaveLength(1);
  });

  it("[D10] that ended its transaction, or gives a second table, is refused", async () => {
    expect(await told(await start({ answer: answers({ open: 0 }) }, "?encrypt=no"))).toContain("ended its transaction");
    await server.stop();
    const twice: TdsOptions["answer"] = (batch) => {
      const found = answers({ rows: 3 })(batch);
      return batch === QUERY && typeof found === "object" && "columns" in found ? [found, found] : found;
    };
    expect(await told(await start({ answer: twice }, "?encrypt=no"))).toContain("more than one table");
    expect(server.batches.at(-1)).toBe(QUERY);
  });

  it("ends at its time limit, at the server too", async () => {
    const table = await start({ answer: (batch) => (batch.startsWith("WAITFOR") ? "never" : answers()(batch)) }, "?encrypt=no");
    expect(await told(table, "WAITFOR DELAY '1:00'", 1)).toContain("ETIMEOUT");
    expect(server.calledOff()).toBe(1);
  });

  it("gives each type as the text that a CSV file would have, and nothing where there is none", async () => {
    const columns: readonly TdsColumn[] = [
      { name: "whole", type: "int" },
      { name: "large", type: "bigint" },
      { name: "yes", type: "bit" },
      { name: "share", type: "float" },
      { name: "exact", type: "decimal" },
      { name: "text", type: "nvarchar" },
      { name: "born", type: "date" },
      { name: "seen", type: "datetime2" },
    ];
    const at = new Date("1931-07-08T09:10:11.250Z");
    const rows: readonly (readonly TdsValue[])[] = [
      [-7, 9_007_199_254_740_993n, true, 0.1, -1205n, " Müller ", at, at],
      [null, null, false, null, null, "", null, null],
      columns.map(() => null),
    ];
    const table = await start({ answer: (batch) => (batch === "SELECT all" ? { columns, rows } : answers()(batch)) }, "?encrypt=no");
    const read: (readonly string[])[] = [];
    for await (const { cells } of sqlRows(table("SELECT all"), { columns: new Set() })) read.push(cells);
    expect(read).toEqual([
      columns.map(({ name }) => name),
      ["-7", "9007199254740993", "1", "0.1", "-12.05", "Müller", "1931-07-08", "1931-07-08 09:10:11.250"],
      ["", "", "0", "", "", "", "", ""],
      columns.map(() => ""),
    ]);
  });

  it("refuses a decimal that a double would round", async () => {
    const found: TdsAnswer = { columns: [{ name: "id", type: "decimal" }], rows: [[9_007_199_254_740_993n]] };
    expect(
      await told(await start({ answer: (batch) => (batch === "SELECT id" ? found : answers()(batch)) }, "?encrypt=no"), "SELECT id"),
    ).toContain("more digits than are read exactly");
  });

  it("keeps the server waiting while its rows are used: what lies in between stays small", async () => {
    const rows = 1_000_000;
    const table = await start({ answer: answers({ rows }) }, "?encrypt=no");
    let read = 0;
    for await (const _ of sqlRows(table(QUERY), { columns: new Set() })) {
      if (++read < 10_000) continue;
      // Until nothing more comes without being asked for.
      for (let before = -1; before !== server.sent();) {
        before = server.sent();
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      break;
    }
    // All rows are 34 MB; the operating system holds up to ten on their way.
    expect(server.sent()).toBeGreaterThan(300_000);
    expect(server.sent()).toBeLessThan(13_000_000);
  });
});
