/**
 * Of all coordinators on one PostgreSQL database one leads, and the others stand by until its lock is free or its signs of
 * life have stopped. A leader whose machine or process has stopped still looks connected to PostgreSQL, so its connections
 * are ended by force; what it might write later is refused by the epoch (term.ts).
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { EngraftError } from "@engraft/core/base/errors";
import pg from "pg";
import { migrate, readMigrations } from "./migrate.ts";
import { postgresSession } from "./session.ts";
import { HeldTerm, STALE_MS, type Term } from "./term.ts";

/** Who wants to lead. */
export interface Candidate {
  /** Public key of the coordinator, which the database belongs to once it was used. */
  readonly key?: string;
  /** The file in the data folder by which a standby knows that it shares the folder with whoever leads. */
  readonly mark?: { read(): Promise<string | undefined>; write(text: string): Promise<void> };
}

export interface Waiting {
  /** Called when the wait begins, and whenever another one leads; "" where nobody does. */
  readonly standing: (leader: string) => void;
  readonly signal: AbortSignal;
  /** True where the database was there before: it is then waited for. */
  readonly patient: boolean;
}

/** Any number that nothing else in the database locks. */
export const LEADER_LOCK = 0x656e6773;
const POLL_MS = 500;
const ANSWER_MS = 5_000;
/** A standby does not push a leader aside that is at work on the tables. */
const MIGRATION_GRACE = "15 minutes";
/** As often as a mark may differ in a row, because a leader was just writing it. */
const MARK_TRIES = 6;

const POOL_NAME = "engraft-coordinator";

/** An address for the connections of one term: the database refuses their writes once the term's epoch is over. */
export const addressOf = (url: string, epoch: bigint): string => named(url, POOL_NAME, `-c engraft.epoch=${epoch}`);

/** What the address says about options wins over everything else, so ours are put into it. */
function named(url: string, application: string, option?: string): string {
  const address = new URL(url);
  address.searchParams.set("application_name", application);
  if (option !== undefined) address.searchParams.set("options", `${address.searchParams.get("options") ?? ""} ${option}`.trim());
  return address.href;
}

/** Leads at once, or throws `locked`. */
export async function lead(url: string, candidate: Candidate = {}): Promise<Term> {
  return onConnection(url, async (connection) => {
    await mustBeOurs(connection, candidate);
    if (await tryLock(connection)) return begin(connection, candidate);
    throw new EngraftError("locked", "Another coordinator uses this database. Stop it first; only one may lead.");
  }).catch((error: unknown) => {
    throw error instanceof EngraftError ? error : unavailable(error);
  });
}

/**
 * Waits until this coordinator leads; undefined where `signal` was aborted first. Throws `bad-config` for another coordinator's
 * database or where the data folder is not the leader's, and `database-unavailable`.
 */
export async function standBy(url: string, candidate: Candidate, waiting: Waiting): Promise<Term | undefined> {
  let { patient } = waiting;
  let leader: string | undefined;
  const told = (now: string): void => {
    if (now !== leader) waiting.standing((leader = now));
  };
  while (!waiting.signal.aborted) {
    try {
      const term = await waitOnce(url, candidate, { ...waiting, standing: told });
      if (term !== undefined) return term;
    } catch (error) {
      if (error instanceof EngraftError) throw error;
      // Once it was there the database is waited for, whatever it says while it stops and starts.
      if (!patient) throw unavailable(error);
      told("");
    }
    patient = true;
    await sleep(POLL_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  }
  return undefined;
}

/** On one connection, for as long as it lasts. */
function waitOnce(url: string, candidate: Candidate, { standing, signal }: Waiting): Promise<Term | undefined> {
  return onConnection(url, async (connection) => {
    let differs = 0;
    await mustBeOurs(connection, candidate);
    while (!signal.aborted) {
      if (await tryLock(connection)) return begin(connection, candidate);
      const seen = await look(connection);
      standing(seen?.holder ?? "a coordinator that is starting");
      if (seen !== undefined && seen.ageMs > STALE_MS) await endLeader(connection);
      differs = (await shares(candidate, seen)) ? 0 : differs + 1;
      if (differs >= MARK_TRIES) throw notShared();
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await connection.end();
    return undefined;
  });
}

/** Whether the leader's mark is in our folder; true where the leader has none yet. */
const shares = async ({ mark }: Candidate, seen: Seen | undefined): Promise<boolean> =>
  seen === undefined || seen.ageMs < 0 || mark === undefined || (await mark.read()) === seen.folder;

/** A new connection, which is closed where `use` fails. */
async function onConnection<T>(url: string, use: (connection: pg.Client) => Promise<T>): Promise<T> {
  const connection = new pg.Client({ connectionString: named(url, "engraft-lead"), keepAlive: true, connectionTimeoutMillis: ANSWER_MS });
  connection.on("error", () => undefined);
  try {
    await connection.connect();
    return await use(connection);
  } catch (error) {
    await Promise.race([connection.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
    throw error;
  }
}

const notShared = (): EngraftError =>
  new EngraftError(
    "bad-config",
    "This is not the folder of the coordinator that leads: a standby needs its keys and every blob. Start it with the same --data, on storage that both machines share.",
  );

export const unavailable = (cause: unknown): EngraftError => {
  // Never the address: it holds the password.
  const why = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
  return new EngraftError("database-unavailable", `PostgreSQL cannot be used (${why}). Check DATABASE_URL and that the server runs.`, {
    cause,
  });
};

/** A connection for work by hand. Throws `database-unavailable`. */
export async function connectTo(url: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: url, connectionTimeoutMillis: ANSWER_MS });
  await connection.connect().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  return connection;
}

const ask = async <T extends pg.QueryResultRow>(connection: pg.Client, text: string, values: unknown[] = []): Promise<T[]> => {
  const query = { text, values, query_timeout: ANSWER_MS };
  return (await connection.query<T>(query)).rows;
};

const isThere = async (connection: pg.Client, table: string): Promise<boolean> =>
  (await ask<{ there: boolean }>(connection, "SELECT to_regclass($1) IS NOT NULL AS there", [table]))[0]?.there === true;

async function mustBeOurs(connection: pg.Client, { key }: Candidate): Promise<void> {
  if (key === undefined || !(await isThere(connection, "federation"))) return;
  const [owner] = await ask<{ key: string }>(connection, `SELECT "key" FROM "federation" WHERE "id" = 1`);
  if (owner !== undefined && owner.key !== key) throw anotherOwner();
}

/** A database knows its coordinator: sites pin the key, so going on under another one would lock all of them out. */
export const anotherOwner = (): EngraftError =>
  new EngraftError(
    "bad-config",
    "The database belongs to a coordinator with another key. Start with that coordinator's --data folder, or restore its file secrets/coordinator.key.",
  );

const tryLock = async (connection: pg.Client): Promise<boolean> =>
  (await ask<{ held: boolean }>(connection, "SELECT pg_try_advisory_lock($1) AS held", [LEADER_LOCK]))[0]?.held === true;

interface Seen {
  readonly holder: string;
  readonly folder: string;
  /** Below 0 while the leader has asked for patience. */
  readonly ageMs: number;
}

/** The leader's last sign of life; undefined before the first one ever. */
async function look(connection: pg.Client): Promise<Seen | undefined> {
  if (!(await isThere(connection, "lease"))) return undefined;
  const [seen] = await ask<Seen>(
    connection,
    `SELECT "holder", "folder", (extract(epoch FROM clock_timestamp() - "renewedAt") * 1000)::float8 AS "ageMs" FROM "lease" WHERE "epoch" > 0`,
  );
  return seen;
}

/** A connection whose other end is gone holds its lock for as long as PostgreSQL believes in it. */
const endLeader = (connection: pg.Client): Promise<unknown> =>
  ask(
    connection,
    `SELECT pg_terminate_backend("pid") FROM pg_locks WHERE "locktype" = 'advisory' AND "granted" AND "classid" = 0 AND "objid" = $1::bigint::oid AND "objsubid" = 1
     AND "database" = (SELECT "oid" FROM pg_database WHERE "datname" = current_database())`,
    [LEADER_LOCK],
  );

/** Ends what an earlier leader has open: a transaction of a process that is asleep would keep the new epoch waiting. */
const endWrites = (connection: pg.Client): Promise<unknown> =>
  ask(
    connection,
    `SELECT pg_terminate_backend("pid") FROM pg_stat_activity WHERE "datname" = current_database() AND "usename" = current_user AND "application_name" = $1`,
    [POOL_NAME],
  );

/** The lock is held: from here on nobody else leads, and once the epoch is new nobody else writes. */
async function begin(connection: pg.Client, { mark }: Candidate): Promise<Term> {
  const session = postgresSession(connection);
  const before = (await isThere(connection, "leadership")) ? await newEpoch(connection) : undefined;
  const migrated = await migrate(session, await readMigrations()).catch((cause: unknown) => {
    if (cause instanceof EngraftError) throw cause;
    throw new EngraftError("database-unavailable", "The tables could not be brought up to date; nothing was changed.", { cause });
  });
  const epoch = before ?? (await newEpoch(connection));
  const folder = randomBytes(16).toString("hex");
  await mark?.write(folder);
  await connection.query(`UPDATE "lease" SET "renewedAt" = clock_timestamp(), "folder" = $1`, [folder]);
  return new HeldTerm(connection, epoch, migrated);
}

async function newEpoch(connection: pg.Client): Promise<bigint> {
  const holder = `${hostname()}, process ${process.pid}`;
  await connection.query("SET lock_timeout = '1s'");
  for (let tries = 1; ; tries++) {
    await endWrites(connection);
    try {
      await connection.query("BEGIN");
      const { rows } = await connection.query<{ epoch: string }>(`UPDATE "leadership" SET "epoch" = "epoch" + 1 RETURNING "epoch"`);
      const epoch = BigInt(rows[0]?.epoch ?? 0);
      await connection.query(`UPDATE "lease" SET "epoch" = $1, "renewedAt" = clock_timestamp() + $2::interval, "holder" = $3`, [
        epoch,
        MIGRATION_GRACE,
        holder,
      ]);
      await connection.query("COMMIT");
      await connection.query("RESET lock_timeout");
      return epoch;
    } catch (error) {
      await connection.query("ROLLBACK");
      if (tries === 5) throw error;
    }
  }
}
