/** Rows of a query that only reads. The database's address and credentials come from the machine, not from the declaration. */
import { readFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import type { SqlTable } from "../declaration.ts";
import type { Reading, Row } from "./row.ts";
import type { ReadQuery } from "./database.ts";
import { textOf } from "./text.ts";

/** One for each scheme of an address. */
const DATABASES: Readonly<Record<string, () => Promise<ReadQuery>>> = {
  "postgresql:": async () => (await import("./postgresql.ts")).readPostgresql,
  "postgres:": async () => (await import("./postgresql.ts")).readPostgresql,
  "mysql:": async () => (await import("./mysql.ts")).readMysql,
  "sqlserver:": async () => (await import("./sqlserver.ts")).readSqlserver,
  "mssql:": async () => (await import("./sqlserver.ts")).readSqlserver,
};

/** As `readRows`. */
export async function* sqlRows({ query, address, seconds }: SqlTable, { onRead }: Reading): AsyncGenerator<Row> {
  const found = await addressFrom(address);
  const database = DATABASES[found.protocol];
  if (database === undefined)
    throw new EngraftError(
      "bad-config",
      "The database's address must start with postgresql://, mysql:// or sqlserver://; no other kind is read.",
    );
  let line = 0;
  for await (const batch of (await database())({ text: query.replace(/[;\s]+$/, ""), address: found, seconds })) {
    for (const row of batch) yield { line: line++, cells: row.map(textOf) };
    onRead?.({ done: line, total: 0 });
  }
}

/** What was found is said nowhere: it holds a password. Throws `bad-config`. */
async function addressFrom(address: SqlTable["address"]): Promise<URL> {
  const place = "variable" in address ? `the environment variable ${address.variable}` : `the file ${address.file}`;
  const text = "variable" in address ? process.env[address.variable] : await readFile(address.file, "utf8").catch(() => undefined);
  if (text === undefined || text.trim() === "")
    throw new EngraftError("bad-config", `The database's address is to be in ${place}, which is empty, not there or cannot be read.`);
  if (!URL.canParse(text.trim()))
    throw new EngraftError("bad-config", `What is in ${place} is no address such as postgresql://user:password@host:5432/database.`);
  return new URL(text.trim());
}
