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
import pg from "pg";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { PrismaClient } from "./generated/client.ts";
import { migrate, readMigrations, type SqlSession } from "./migrate.ts";
import { newDatabase } from "./new-database.ts";
import { DATABASE_BYTES, LEAST_FREE_BYTES, mustHaveRoom } from "./room.ts";

export interface Database {
  readonly kind: "pglite" | "postgresql";
  readonly prisma: PrismaClient;
  /** Migrations applied by this start. */
  readonly migrated: readonly string[];
  /** Throws `disk-full` where nothing may be written now. */
  readonly mayWrite: () => Promise<void>;
  close(): Promise<void>;
}

export type Where = { readonly url: string } | { readonly dir: string };

/** Held for the life of the process: a second coordinator on one PostgreSQL database would ask every site twice. */
const COORDINATOR_LOCK = 0x656e6773;

/** Opens and migrates. `onLost` is called where the database turns out to be used by another coordinator. */
export function openDatabase(where: Where, onLost: (fault: EngraftError) => void = () => undefined): Promise<Database> {
  return "url" in where ? openPostgres(where.url, onLost) : openPglite(where.dir);
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

async function openPglite(dir: string): Promise<Database> {
  // V8's optimising compiler takes 50 to 100 MB and the first seconds of both cores for code that is called a few times a second.
  setFlagsFromString("--liftoff-only");
  if (!existsSync(join(dir, "PG_VERSION"))) await newDatabase(dir);
  // What a crash has left is written out at once.
  await mustHaveRoom(dir, LEAST_FREE_BYTES);
  const database = await PGlite.create(dir, { startParams: PGLITE_PARAMS }).catch((cause: unknown) => {
    throw new EngraftError(
      "database-unavailable",
      `The embedded database in ${dir} does not open. Restore the folder from a backup, or move it away to start anew.`,
      { cause },
    );
  });
  const session: SqlSession = {
    script: async (sql) => void (await database.exec(sql)),
    rows: async (sql, values = []) => (await database.query<Record<string, unknown>>(sql, [...values])).rows,
  };
  const migrated = await migrate(session, await readMigrations());
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(database) });
  return {
    kind: "pglite",
    prisma,
    migrated,
    mayWrite: () => mustHaveRoom(dir, DATABASE_BYTES),
    close: async () => {
      await prisma.$disconnect();
      await database.close();
    },
  };
}

async function openPostgres(url: string, onLost: (fault: EngraftError) => void): Promise<Database> {
  const keeper = await LockKeeper.take(url, onLost);
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 8 }) });
  return {
    kind: "postgresql",
    prisma,
    migrated: keeper.migrated,
    // The server says so itself.
    mayWrite: () => Promise.resolve(),
    close: async () => {
      await prisma.$disconnect();
      await keeper.close();
    },
  };
}

const unavailable = (cause: unknown): EngraftError => {
  // Never the address: it holds the password.
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
  return new EngraftError("database-unavailable", `PostgreSQL cannot be used (${why}). Check DATABASE_URL and that the server runs.`, {
    cause,
  });
};

/** A connection of its own that holds the coordinator's advisory lock, and takes it again after PostgreSQL was away. */
class LockKeeper {
  readonly migrated: readonly string[];
  readonly #url: string;
  readonly #onLost: (fault: EngraftError) => void;
  #connection: pg.Client;
  #closed = false;

  private constructor(url: string, connection: pg.Client, migrated: readonly string[], onLost: (fault: EngraftError) => void) {
    this.#url = url;
    this.#connection = connection;
    this.migrated = migrated;
    this.#onLost = onLost;
    this.#watch();
  }

  static async take(url: string, onLost: (fault: EngraftError) => void): Promise<LockKeeper> {
    const connection = await LockKeeper.#connect(url);
    try {
      const session: SqlSession = {
        script: async (sql) => void (await connection.query(sql)),
        rows: async (sql, values = []) => (await connection.query<Record<string, unknown>>(sql, [...values])).rows,
      };
      const migrated = await migrate(session, await readMigrations());
      await LockKeeper.#lock(connection);
      return new LockKeeper(url, connection, migrated, onLost);
    } catch (error) {
      await connection.end().catch(() => undefined);
      throw error;
    }
  }

  static async #connect(url: string): Promise<pg.Client> {
    const connection = new pg.Client({ connectionString: url, keepAlive: true, application_name: "engraft-coordinator" });
    connection.on("error", () => undefined);
    try {
      await connection.connect();
    } catch (cause) {
      throw unavailable(cause);
    }
    return connection;
  }

  static async #lock(connection: pg.Client): Promise<void> {
    const { rows } = await connection.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [COORDINATOR_LOCK]);
    if (rows[0]?.held !== true)
      throw new EngraftError("locked", "Another coordinator uses this database. Stop it first; only one may run.");
  }

  #watch(): void {
    this.#connection.once("end", () => {
      if (!this.#closed) void this.#retake();
    });
  }

  async #retake(): Promise<void> {
    while (!this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      try {
        const connection = await LockKeeper.#connect(this.#url);
        await LockKeeper.#lock(connection);
        this.#connection = connection;
        this.#watch();
        return;
      } catch (error) {
        if (error instanceof EngraftError && error.code === "locked") {
          this.#onLost(error);
          return;
        }
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection.end().catch(() => undefined);
  }
}
