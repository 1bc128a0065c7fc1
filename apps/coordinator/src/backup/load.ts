/** Puts the rows of a backup into an empty database, whole or not at all. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { EngraftError } from "@engraft/core/base/errors";
import { migrate, readMigrations, type Migration, type SqlSession } from "../store/migrate.ts";
import { TABLES, type Backup } from "./format.ts";

const ROWS_AT_ONCE = 500;

/** Columns that PostgreSQL numbers by itself. */
const NUMBERED = [
  ["event", "seq"],
  ["approval", "seq"],
] as const;

/**
 * Makes the tables as they were when the backup was made; whoever opens the database then brings them up to date. Throws
 * `conflict` where the database is not empty and `database-unavailable` where a newer version made the backup.
 */
export async function load(session: SqlSession, { head, rows }: Backup, path: string): Promise<void> {
  const migrations = of(head.migrations, await readMigrations());
  const [used] = await session.rows(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "used"`);
  if (used?.["used"] === true)
    throw new EngraftError("conflict", "The database is in use already. Restore into a new one, so that nothing is written over.");
  await migrate(session, migrations);
  await session.script("BEGIN");
  try {
    const found = await insertAll(session, path);
    if (found !== rows) throw new EngraftError("digest-mismatch", `The backup should hold ${rows} rows and holds ${found}.`);
    for (const [table, column] of NUMBERED)
      await session.rows(
        `SELECT setval(pg_get_serial_sequence('"${table}"', '${column}'), (SELECT coalesce(max("${column}"), 0) + 1 FROM "${table}"), false)`,
      );
    await session.script("COMMIT");
  } catch (error) {
    await session.script("ROLLBACK");
    throw error;
  }
}

/** Ours, as far as the backup had them. */
function of(applied: Backup["head"]["migrations"], ours: readonly Migration[]): readonly Migration[] {
  return applied.map(({ name, checksum }, index) => {
    const known = ours[index];
    if (known?.name === name && known.checksum === checksum) return known;
    throw new EngraftError(
      "database-unavailable",
      `The backup has the migration ${name}, which this version does not know. Restore it with the version that made it, or a newer one.`,
    );
  });
}

async function insertAll(session: SqlSession, path: string): Promise<number> {
  let table = "";
  let batch: string[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0)
      await session.rows(`INSERT INTO "${table}" SELECT * FROM json_populate_recordset(NULL::"${table}", $1::json)`, [
        `[${batch.join(",")}]`,
      ]);
    count += batch.length;
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const tab = line.indexOf("\t");
    const of = line.slice(0, tab);
    if (!(TABLES as readonly string[]).includes(of))
      throw new EngraftError("bad-input", `The backup has rows of an unknown table in ${path}.`);
    if (of !== table || batch.length === ROWS_AT_ONCE) await flush();
    table = of;
    batch.push(line.slice(tab + 1));
  }
  await flush();
  return count;
}
