/**
 * Applies the migrations of prisma/migrations at start. Keeps Prisma's own table, so that its tools can read the state. The
 * lock is taken before the list of applied ones is read: two coordinators that start at once apply each file once.
 */
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";

/** One connection, on which transactions can be driven by hand. */
export interface SqlSession {
  /** Runs a script of several statements. */
  script(sql: string): Promise<void>;
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export const MIGRATIONS = new URL("../../../../prisma/migrations/", import.meta.url);

/** Any number that nothing else in the database locks: "engraft" in bytes, shortened. */
const LOCK = 0x656e6772;

const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ, "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT, "rolled_back_at" TIMESTAMPTZ, "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

export async function readMigrations(folder: URL = MIGRATIONS): Promise<readonly Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), "utf8");
      return { name, sql, checksum: sha256(sql) };
    }),
  );
}

/** Names of the migrations that were applied now. Throws `database-unavailable` where the database has another history. */
export async function migrate(session: SqlSession, migrations: readonly Migration[]): Promise<readonly string[]> {
  const applied: string[] = [];
  for (;;) {
    await session.script("BEGIN");
    try {
      const next = await applyNext(session, migrations);
      await session.script("COMMIT");
      if (next === undefined) return applied;
      applied.push(next);
    } catch (error) {
      await session.script("ROLLBACK");
      throw error;
    }
  }
}

async function applyNext(session: SqlSession, migrations: readonly Migration[]): Promise<string | undefined> {
  await session.rows("SELECT pg_advisory_xact_lock($1)", [LOCK]);
  await session.script(TABLE);
  const rows = await session.rows(`SELECT "migration_name", "checksum" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL`);
  const done = new Map(rows.map((row) => [String(row["migration_name"]), String(row["checksum"])]));
  const unknown = [...done.keys()].find((name) => !migrations.some((migration) => migration.name === name));
  if (unknown !== undefined)
    throw new EngraftError(
      "database-unavailable",
      `The database has the migration ${unknown}, which this version does not know. Start the newer version that wrote it.`,
    );
  for (const migration of migrations) {
    const checksum = done.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined)
      throw new EngraftError(
        "database-unavailable",
        `The migration ${migration.name} was applied with another text than this version has. Restore the original file.`,
      );
    await session.script(migration.sql);
    await session.rows(
      `INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name", "finished_at", "applied_steps_count") VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    return migration.name;
  }
  return undefined;
}

export interface SchemaState {
  /** Known here and not applied there. */
  readonly pending: readonly string[];
  /** Applied there and not known here. */
  readonly unknown: readonly string[];
  /** Applied there with another text than they have here. */
  readonly changed: readonly string[];
  /** False where no migration was ever applied. */
  readonly made: boolean;
}

/** How a database stands to the migrations of this version. Changes nothing. */
export async function schemaState(session: SqlSession, migrations: readonly Migration[]): Promise<SchemaState> {
  const [table] = await session.rows(`SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS "made"`);
  const made = table?.["made"] === true;
  const rows = made
    ? await session.rows(`SELECT "migration_name", "checksum" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL`)
    : [];
  const done = new Map(rows.map((row) => [String(row["migration_name"]), String(row["checksum"])]));
  const names = new Set(migrations.map(({ name }) => name));
  return {
    made,
    pending: migrations.filter(({ name }) => !done.has(name)).map(({ name }) => name),
    unknown: [...done.keys()].filter((name) => !names.has(name)),
    changed: migrations.filter(({ name, checksum }) => (done.get(name) ?? checksum) !== checksum).map(({ name }) => name),
  };
}
