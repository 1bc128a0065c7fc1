/** PostgreSQL: a cursor in a read-only transaction, so that neither side holds more than a batch. */
import pg from "pg";
import { databaseFault, FETCH, type Query, type ReadQuery } from "./database.ts";

/** Everything as the text that the database writes: numbers with a point, no rounding on the way. */
const asText = { getTypeParser: () => (text: unknown) => text };

export const readPostgresql: ReadQuery = async function* ({ text, address, seconds }: Query) {
  const client = new pg.Client({
    connectionString: address.href,
    application_name: "engraft-site",
    connectionTimeoutMillis: 30_000,
    statement_timeout: seconds * 1000,
    types: asText as unknown as pg.CustomTypesConfig,
  });
  // A connection that breaks shows in the query under way; between queries nobody else would listen.
  client.on("error", () => undefined);
  await client.connect().catch((error: unknown) => {
    throw databaseFault("connect", error);
  });
  try {
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    // The extended protocol takes one statement: nothing behind a semicolon could end the transaction.
    await client.query({ text: `DECLARE engraft NO SCROLL CURSOR FOR ${text}`, queryMode: "extended" } as pg.QueryConfig);
    for (let first = true; ; first = false) {
      const { fields, rows } = await client.query<unknown[]>({ text: `FETCH ${FETCH} FROM engraft`, rowMode: "array" });
      if (first) yield [fields.map(({ name }) => name)];
      if (rows.length === 0) return;
      yield rows;
    }
  } catch (error) {
    throw databaseFault("query", error);
  } finally {
    await client.end().catch(() => undefined);
  }
};
