/**
 * ENGRAFT_TEST_DATABASE=postgres runs the system suites on a PostgreSQL server of their own: every federation that names no
 * database gets a fresh one on it (support/heart.ts). Otherwise they run on the embedded database, and nothing happens here.
 */
import { startPostgres } from "./postgres.ts";
import { findPostgres } from "./require.ts";

/** Address of the server, for the processes that run test files. */
export const SERVER_VARIABLE = "ENGRAFT_TEST_POSTGRES";

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const wanted = process.env["ENGRAFT_TEST_DATABASE"] ?? "pglite";
  if (wanted === "pglite") return undefined;
  if (wanted !== "postgres") throw new Error(`ENGRAFT_TEST_DATABASE is postgres or pglite, not ${wanted}`);
  const bin = findPostgres();
  if (!("found" in bin)) throw new Error(`ENGRAFT_TEST_DATABASE=postgres: ${bin.missing}`);
  const server = await startPostgres(bin.found);
  process.env[SERVER_VARIABLE] = server.url;
  return () => server.stop();
}
