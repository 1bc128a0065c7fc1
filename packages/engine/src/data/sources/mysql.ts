/** MySQL and MariaDB: a stream of rows in a read-only transaction. */
import { createConnection, type FieldPacket } from "mysql2";
import { databaseFault, FETCH, type Query, type ReadQuery } from "./database.ts";

export const readMysql: ReadQuery = async function* ({ text, address, seconds }: Query) {
  const connection = createConnection({
    uri: address.href,
    connectTimeout: 30_000,
    // One statement only; texts for decimals, dates and large integers, so that nothing is rounded on the way.
    multipleStatements: false,
    rowsAsArray: true,
    decimalNumbers: false,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  // A connection that breaks shows in the query under way; between queries nobody else would listen.
  connection.on("error", () => undefined);
  const promise = connection.promise();
  await promise.connect().catch((error: unknown) => {
    throw databaseFault("connect", error);
  });
  try {
    await promise.query("SET SESSION TRANSACTION READ ONLY");
    await promise.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    await limited(promise, seconds);
    const query = connection.query({ sql: text, timeout: seconds * 1000, rowsAsArray: true });
    const names = new Promise<readonly string[]>((resolve) => {
      query.on("fields", (fields: FieldPacket[]) => resolve(fields.map(({ name }) => name)));
    });
    let batch: unknown[][] = [];
    let first = true;
    const header = async (): Promise<readonly (readonly unknown[])[]> => {
      first = false;
      return [await names];
    };
    for await (const row of query.stream({ highWaterMark: FETCH })) {
      if (first) yield await header();
      if (batch.push(row as unknown[]) < FETCH) continue;
      yield batch;
      batch = [];
    }
    if (first) yield await header();
    yield batch;
  } catch (error) {
    throw databaseFault("query", error);
  } finally {
    connection.destroy();
  }
};

/** MariaDB and MySQL name the server's own limit differently. Where neither is known, the connection's has to do. */
async function limited(connection: { query(sql: string): Promise<unknown> }, seconds: number): Promise<void> {
  await connection
    .query(`SET SESSION max_statement_time = ${Math.ceil(seconds)}`)
    .catch(() => connection.query(`SET SESSION max_execution_time = ${Math.ceil(seconds * 1000)}`))
    .catch(() => undefined);
}
