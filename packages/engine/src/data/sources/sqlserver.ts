/**
 * Microsoft SQL Server: a stream of rows in a transaction that is always rolled back. The server knows no transaction that cannot write, so an account
 * that may write is refused before the query is sent.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import type { Connection, ConnectionConfiguration } from "tedious";
import { EngraftError } from "@engraft/core/base/errors";
import { databaseFault, FETCH, type Query, type ReadQuery } from "./database.ts";

type Tedious = typeof import("tedious");

const CONNECT_MS = 30_000;

/** As the driver tells of a column. */
interface Column {
  readonly colName: string;
  readonly type: { readonly name: string };
  readonly scale?: number | undefined;
}

/** The server's own number of what went wrong says more than the driver's code. */
function fault(error: unknown): EngraftError {
  if (error instanceof EngraftError) return error;
  const number = error instanceof Error && "number" in error && typeof error.number === "number" ? error.number : undefined;
  return databaseFault("query", number === undefined ? error : Object.assign(new Error(), { code: String(number) }));
}

export const readSqlserver: ReadQuery = async function* ({ text, address, seconds }: Query) {
  const tedious = await driver();
  const line = { plain: false };
  const connection = new tedious.Connection(await configurationOf(address, seconds, line));
  // A connection that breaks shows in the query under way; between queries nobody else would listen.
  connection.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => {
      if (error === undefined || error === null) resolve();
      else reject(line.plain ? new EngraftError("data-missing", NO_TLS) : databaseFault("connect", error));
    });
  });
  try {
    if ((await single(tedious, connection, MAY_WRITE)) !== 0)
      throw new EngraftError(
        "data-missing",
        "The database's account may write, and SQL Server has no transaction that cannot. Give it one that may only read (db_datareader).",
      );
    await run(tedious, connection, "SET XACT_ABORT ON; BEGIN TRANSACTION");
    yield* rowsOf(tedious, connection, text);
    if ((await single(tedious, connection, "SELECT @@TRANCOUNT")) !== 1)
      throw new EngraftError("data-missing", "The query ended its transaction. Only a query that reads may be declared.");
    await run(tedious, connection, "ROLLBACK TRANSACTION");
  } catch (error) {
    throw fault(error);
  } finally {
    // Closing rolls back what is open.
    connection.close();
  }
};

/** Loaded here, and optional: it brings Azure's kit, which nobody else needs. */
async function driver(): Promise<Tedious> {
  try {
    const { default: tedious } = await import("tedious");
    return tedious;
  } catch (cause) {
    throw new EngraftError(
      "bad-config",
      'The driver for SQL Server is not installed: it is an optional part, which "npm install --include=optional" brings.',
      { cause },
    );
  }
}

/**
 * `?encrypt=strict` speaks TLS from the first byte (TDS 8.0), `?encrypt=no` not at all; else TLS is begun before the password is sent, and a server
 * without it is refused. `?ca=FILE` names who vouches for the server's certificate instead of those that the machine knows.
 */
async function configurationOf(address: URL, seconds: number, line: Line): Promise<ConnectionConfiguration> {
  const encrypt = address.searchParams.get("encrypt");
  const ca = address.searchParams.get("ca");
  const authority = ca === null ? undefined : await readFile(ca, "utf8").catch(() => undefined);
  if (ca !== null && authority === undefined)
    throw new EngraftError("bad-config", "The file of the database's certificate authority (ca) cannot be read.");
  const port = address.port === "" ? 1433 : Number(address.port);
  return {
    server: address.hostname,
    authentication: {
      type: "default",
      options: { userName: decodeURIComponent(address.username), password: decodeURIComponent(address.password) },
    },
    options: {
      connector: () => dial(address.hostname, port, encrypt === null ? line : undefined),
      database: decodeURIComponent(address.pathname.slice(1)),
      encrypt: encrypt === "strict" ? "strict" : encrypt !== "no",
      trustServerCertificate: false,
      ...(authority === undefined ? {} : { cryptoCredentialsDetails: { ca: authority } }),
      // A secondary that takes no writes, where the database has one.
      readOnlyIntent: true,
      appName: "engraft-site",
      connectTimeout: CONNECT_MS,
      requestTimeout: seconds * 1000,
      useUTC: true,
    },
  };
}

/** Set where the server's answer to the greeting offered no TLS. */
interface Line {
  plain: boolean;
}

const NO_TLS =
  "The database offers no TLS, so the password was not sent. Have TLS set up there; only on a line that nobody else can read add ?encrypt=no to its address.";

/** The driver goes on in plain, password and all, where the answer to its greeting offers no TLS, whoever wrote that answer: then the line is cut first. */
async function dial(host: string, port: number, watched: Line | undefined): Promise<Socket> {
  const socket = connect({ host, port });
  await once(socket, "connect");
  if (watched === undefined) return socket;
  let heard = Buffer.alloc(0);
  const listen = (bytes: Buffer): void => {
    heard = Buffer.concat([heard, bytes]);
    const offered = encryptionIn(heard);
    if (offered === undefined) return;
    socket.off("data", listen);
    watched.plain = offered !== ENCRYPT_ON && offered !== ENCRYPT_REQUIRED;
    if (watched.plain) socket.destroy(new Error("no TLS"));
  };
  socket.on("data", listen);
  return socket;
}

const [ENCRYPT_ON, ENCRYPT_REQUIRED] = [1, 3];

/** What the server says of TLS in its answer to the greeting (MS-TDS 2.2.6.5), -1 where nothing; undefined until the answer is whole. */
function encryptionIn(packet: Buffer): number | undefined {
  if (packet.length < 8 || packet.length < packet.readUInt16BE(2)) return undefined;
  const options = packet.subarray(8);
  for (let at = 0; at + 5 <= options.length && options[at] !== 0xff; at += 5)
    if (options[at] === 1) return options[options.readUInt16BE(at + 1)] ?? -1;
  return -1;
}

const WRITES = ["INSERT", "UPDATE", "DELETE", "ALTER"];
const may = (what: string, kind: string): string =>
  WRITES.map((right) => `HAS_PERMS_BY_NAME(${what}, '${kind}', '${right}') = 1`).join(" OR ");

/** 1 where the account may change rows or tables anywhere in its database, or run its procedures. */
const MAY_WRITE = `SELECT CASE WHEN ${may("DB_NAME()", "DATABASE")} OR HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'EXECUTE') = 1
  OR EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.type IN ('U', 'V') AND (${may("QUOTENAME(SCHEMA_NAME(o.schema_id)) + '.' + QUOTENAME(o.name)", "OBJECT")}))
  THEN 1 ELSE 0 END`;

type Rows = readonly (readonly unknown[])[];

/** The names of the columns, then rows in batches; the server is kept waiting while a batch is used, and called off where the rest is not wanted. */
async function* rowsOf(tedious: Tedious, connection: Connection, text: string): AsyncGenerator<Rows> {
  const asked = ask(tedious, connection, text);
  const { state } = asked;
  try {
    for (let named = false; ;) {
      if (state.tables > 1)
        throw new EngraftError("data-missing", "The query gives more than one table. Declare one statement that reads.");
      if (state.failed !== undefined) throw state.failed;
      if (!named && state.tables === 1) {
        named = true;
        yield [state.columns.map(({ colName }) => colName)];
      } else if (state.ready.length >= FETCH || (state.ended && state.ready.length > 0)) {
        yield state.ready.splice(0);
        asked.resume();
      } else if (state.ended) return;
      else await asked.news();
    }
  } finally {
    if (!state.ended) await asked.callOff();
  }
}

interface Asked {
  /** `tables`: how many the server has begun to send. */
  readonly state: { readonly ready: unknown[][]; columns: readonly Column[]; tables: number; failed: Error | undefined; ended: boolean };
  /** Until something has changed. */
  news(): Promise<void>;
  resume(): void;
  /** Ends once the server has stopped: a connection that is closed before breaks the driver. */
  callOff(): Promise<void>;
}

function ask({ Request }: Tedious, connection: Connection, text: string): Asked {
  const state: Asked["state"] = { ready: [], columns: [], tables: 0, failed: undefined, ended: false };
  let unwanted = false;
  let wake = (): void => undefined;
  const news = (): Promise<void> => new Promise<void>((resolve) => (wake = resolve));
  const request = new Request(text, (error) => {
    state.failed ??= error ?? undefined;
    state.ended = true;
    wake();
  });
  request.on("columnMetadata", (found) => {
    state.columns = found as unknown as readonly Column[];
    state.tables++;
    wake();
  });
  request.on("row", (cells: readonly { readonly value: unknown }[]) => {
    if (unwanted || state.failed !== undefined) return;
    try {
      state.ready.push(cells.map(({ value }, at) => valueOf(value, state.columns[at])));
    } catch (error) {
      state.failed = error as Error;
    }
    if (state.ready.length < FETCH && state.failed === undefined) return;
    request.pause();
    wake();
  });
  connection.execSqlBatch(request);
  return {
    state,
    news,
    resume: () => request.resume(),
    callOff: async () => {
      unwanted = true;
      request.cancel();
      request.resume();
      while (!state.ended) await news();
    },
  };
}

/** One number. */
async function single(tedious: Tedious, connection: Connection, text: string): Promise<number> {
  const rows: (readonly unknown[])[] = [];
  for await (const batch of rowsOf(tedious, connection, text)) rows.push(...batch);
  return Number(rows[1]?.[0]);
}

async function run(tedious: Tedious, connection: Connection, text: string): Promise<void> {
  for await (const _ of rowsOf(tedious, connection, text));
}

/** Times as the database writes them. The driver gives a decimal as a double: one that a double does not hold exactly is refused, not rounded. */
function valueOf(value: unknown, column: Column | undefined): unknown {
  const type = column?.type.name ?? "";
  if (value instanceof Date) {
    const text = value.toISOString();
    if (type === "Date") return text.slice(0, 10);
    return type === "Time" ? text.slice(11, 23) : type === "DateTimeOffset" ? text : text.slice(0, 23).replace("T", " ");
  }
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number" && /^(Decimal|Numeric|Money|SmallMoney)/.test(type)) {
    const scale = column?.scale ?? 4;
    if (Math.abs(value) * 10 ** scale > Number.MAX_SAFE_INTEGER)
      throw new EngraftError("data-missing", "A decimal number has more digits than are read exactly. Cast it to a text in the query.");
  }
  return value;
}
