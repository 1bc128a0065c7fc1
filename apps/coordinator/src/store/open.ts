/**
 * Opens the database: PGlite in a folder by default, PostgreSQL by address. PGlite has no lock of its own and two processes
 * in one folder lose data silently, so the caller must hold the data folder's lock.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PGlite } from "@electric-sql/pglite";
import { EngraftError } from "@engraft/core/base/errors";
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { PrismaClient } from "./generated/client.ts";
import { addressOf, connectTo, lead } from "./lead.ts";
import { migrate, readMigrations, type SqlSession } from "./migrate.ts";
import { newDatabase } from "./new-database.ts";
import { DATABASE_BYTES, LEAST_FREE_BYTES, mustHaveRoom } from "./room.ts";
import { embeddedSession, postgresSession } from "./session.ts";
import type { Term } from "./term.ts";

export interface Database {
  readonly kind: "pglite" | "postgresql";
  readonly prisma: PrismaClient;
  /** Migrations applied by this start. */
  readonly migrated: readonly string[];
  /** While this coordinator leads; the embedded database has no other that could. */
  readonly term: Term | undefined;
  /** Throws `disk-full` where nothing may be written now. */
  readonly mayWrite: () => Promise<void>;
  close(): Promise<void>;
}

/** Without a term, this coordinator leads at once or is turned away with `locked`. */
export type Where = { readonly url: string; readonly term?: Term | undefined } | { readonly dir: string };

/** Opens and migrates. */
export async function openDatabase(where: Where): Promise<Database> {
  return "url" in where ? openPostgres(where.url, where.term ?? (await lead(where.url))) : openPglite(where.dir);
}

/**
 * Without `-F` and with this sync method the log file is opened O_SYNC: a commit is on disk when it returns. The data files
 * are still never synced at a checkpoint, which is why PostgreSQL is the recommendation for real patients. The default of
 * 128 MB of shared buffers only doubles memory: the operating system caches the files as well.
 */
const PGLITE_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== "-F"),
  "-c",
  "wal_sync_method=open_datasync",
  "-c",
  "shared_buffers=8MB",
];

/** The engine itself, without tables. */
async function openEmbedded(dir: string): Promise<PGlite> {
  if (!existsSync(join(dir, "PG_VERSION"))) await newDatabase(dir);
  return startEmbedded(dir);
}

/** The engine on what is there. Throws `database-unavailable`. */
export async function startEmbedded(dir: string): Promise<PGlite> {
  // V8's optimising compiler takes 50 to 100 MB and the first seconds of both cores for code that is called a few times a second.
  setFlagsFromString("--liftoff-only");
  // What a crash has left is written out at once.
  await mustHaveRoom(dir, LEAST_FREE_BYTES);
  return PGlite.create(dir, { startParams: PGLITE_PARAMS }).catch((cause: unknown) => {
    throw new EngraftError(
      "database-unavailable",
      `The embedded database in ${dir} does not open. Restore the folder from a backup, or move it away to start anew.`,
      { cause },
    );
  });
}

/** A new database for statements by hand. The caller sees to it that nobody else uses it. */
export async function openSession(
  where: { readonly url: string } | { readonly dir: string },
): Promise<SqlSession & { close(): Promise<void> }> {
  if ("dir" in where) {
    const database = await openEmbedded(where.dir);
    return { ...embeddedSession(database), close: () => database.close() };
  }
  const connection = await connectTo(where.url);
  return { ...postgresSession(connection), close: () => connection.end() };
}

async function openPglite(dir: string): Promise<Database> {
  const database = await openEmbedded(dir);
  const migrated = await migrate(embeddedSession(database), await readMigrations());
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(database) });
  return {
    kind: "pglite",
    prisma,
    migrated,
    term: undefined,
    mayWrite: () => mustHaveRoom(dir, DATABASE_BYTES),
    close: async () => {
      await prisma.$disconnect();
      await database.close();
    },
  };
}

async function openPostgres(url: string, term: Term): Promise<Database> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: addressOf(url, term.epoch), max: 8 }) });
  const database: Database = {
    kind: "postgresql",
    prisma,
    migrated: term.migrated,
    term,
    // The server says so itself.
    mayWrite: () => Promise.resolve(),
    close: async () => {
      await prisma.$disconnect();
      await term.close();
    },
  };
  const [fenced] = await prisma.$queryRaw<{ epoch: string | null }[]>`SELECT current_setting('engraft.epoch', true) AS "epoch"`;
  if (fenced?.epoch === String(term.epoch)) return database;
  await database.close();
  throw new EngraftError(
    "bad-config",
    "The connections to PostgreSQL lose their options, perhaps in a pooler. Give DATABASE_URL the address of PostgreSQL itself.",
  );
}
