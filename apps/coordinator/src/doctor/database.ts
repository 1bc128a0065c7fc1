/** The database, and what it says: reached through the running coordinator, or opened as it is where none runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clockFinding } from "@engraft/runtime/doctor-checks";
import { ok, once, problem, skipped, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { takeLock, lockHolder } from "@engraft/runtime/lock";
import { withApi } from "../cli/api.ts";
import { readMigrations, schemaState, type SchemaState } from "../store/migrate.ts";
import { LEADER_LOCK } from "../store/lead.ts";
import { lookIntoDatabase, type DatabaseLook } from "../store/look.ts";
import { blobFindings } from "./blobs.ts";
import { lookInside, type Inside } from "./inside.ts";
import { localUrl, type Looking } from "./looking.ts";
import { healthAt, type Answering } from "./who-answers.ts";

/** Everything that was read in one look, so that the database is open for as short as can be. */
interface Seen {
  readonly findings: readonly Finding[];
  /** Undefined where it could not be read. */
  readonly inside: Inside | undefined;
  /** Database's clock minus ours, in ms; undefined where it is the same machine's. */
  readonly skewMs: number | undefined;
}

const unseen = (...findings: readonly Finding[]): Seen => ({ findings, inside: undefined, skewMs: undefined });

export function checksOfDatabase(looking: Looking, local: () => Promise<Answering>): readonly Check[] {
  const seen = once(async () => look(looking, await local()));
  const inside = async (find: (inside: Inside) => Finding | readonly Finding[] | Promise<readonly Finding[]>) => {
    const { inside: known } = await seen();
    return known === undefined ? skipped('Not looked at: "Database" comes first.') : find(known);
  };
  const blobs = join(looking.data, "blobs");
  return [
    { name: "database", title: "Database", needs: ["folder"], look: async () => (await seen()).findings },
    {
      name: "runs",
      title: "Runs",
      needs: ["database"],
      look: () => inside(({ runs }) => (runs.length === 0 ? ok("none is under way") : runs)),
    },
    { name: "alerts", title: "Alerts", needs: ["database"], look: () => inside(({ alerts }) => alerts) },
    {
      name: "blobs",
      title: "Blobs",
      needs: ["database"],
      look: () => inside((known) => blobFindings(blobs, known.blobs, looking.allBlobs)),
    },
    { name: "clock", title: "Clock", needs: ["database"], look: async () => clockFindings(await seen()) },
  ];
}

async function look(looking: Looking, local: Answering): Promise<Seen> {
  if (local.who === "ours") return askRunning(looking);
  const { data, databaseUrl } = looking;
  if (databaseUrl !== undefined) return lookAt(await lookIntoDatabase({ url: databaseUrl }), looking);
  const dir = join(data, "db");
  if ((await lockHolder(data)) !== undefined)
    return unseen(skipped("The embedded database is held by the running coordinator: give doctor its --host and --port."));
  if (!existsSync(join(dir, "PG_VERSION"))) return unseen(ok("embedded; the first start makes it"));
  // Two processes in one embedded database lose data.
  const lock = await takeLock(data, "coordinator");
  try {
    return await lookAt(await lookIntoDatabase({ dir }), looking);
  } finally {
    await lock.release();
  }
}

async function askRunning(looking: Looking): Promise<Seen> {
  const url = localUrl(looking);
  const health = await healthAt(url);
  const kind = health?.database === "pglite" ? "embedded" : "PostgreSQL";
  if (health?.status !== "ok")
    return unseen(
      problem(
        "database-away",
        `The running coordinator does not reach its database (${kind}).`,
        "Start the database server again; the coordinator goes on by itself. Its log says more.",
      ),
    );
  const inside = await withApi({ url, data: looking.data }, (api) => api.doctor.inside.query());
  return { findings: [ok(`${kind}, answers the running coordinator`)], inside, skewMs: undefined };
}

async function lookAt(database: DatabaseLook, looking: Looking): Promise<Seen> {
  try {
    const kind = database.kind === "pglite" ? "embedded" : "PostgreSQL";
    const schema = schemaFinding(kind, await schemaState(database.session, await readMigrations()));
    const held = database.kind === "postgresql" ? await heldFinding(database) : undefined;
    const findings = held === undefined ? [schema] : [schema, held];
    const inside = schema.level === "ok" ? await lookInside({ prisma: database.prisma, online: null, now: looking.now() }) : undefined;
    const skewMs = database.kind === "postgresql" ? await skewOf(database, looking.now) : undefined;
    return { findings, inside, skewMs };
  } finally {
    await database.close();
  }
}

function schemaFinding(kind: string, { made, pending, unknown, changed }: SchemaState): Finding {
  if (unknown.length > 0)
    return problem(
      "schema-newer",
      `${kind}; a newer version has applied ${unknown.join(", ")}.`,
      "Install that newer version of the coordinator.",
    );
  if (changed.length > 0)
    return problem(
      "schema-differs",
      `${kind}; ${changed.join(", ")} was applied with another text than this version has.`,
      "Restore the original files of prisma/migrations.",
    );
  if (!made)
    return warning(
      "schema-empty",
      `${kind}; it is empty.`,
      "The first start makes the tables; where there should be data, check DATABASE_URL.",
    );
  return pending.length > 0
    ? warning("schema-behind", `${kind}; not yet applied: ${pending.join(", ")}.`, "Make a backup; the next start applies them.")
    : ok(`${kind}, reachable, schema as this version wants it`);
}

/** Another coordinator on this database, which would turn a start away. */
async function heldFinding({ session }: DatabaseLook): Promise<Finding | undefined> {
  const [holder] = (await session.rows(
    `SELECT a."pid", a."client_addr"::text AS "address", a."backend_start"::text AS "since" FROM pg_locks l JOIN pg_stat_activity a ON a."pid" = l."pid"
     WHERE l."locktype" = 'advisory' AND l."objid"::bigint = $1 AND l."granted" AND l."database" = (SELECT "oid" FROM pg_database WHERE "datname" = current_database())`,
    [LEADER_LOCK],
  )) as readonly { readonly address: string | null; readonly since: string }[];
  if (holder === undefined) return undefined;
  return warning(
    "database-held",
    `A coordinator at ${holder.address ?? "this machine"} uses this database since ${holder.since}.`,
    "Only one may run: where it is not the one you mean, stop it before you start another.",
  );
}

async function skewOf({ session }: DatabaseLook, now: () => number): Promise<number> {
  const [row] = await session.rows(`SELECT extract(epoch FROM clock_timestamp()) * 1000 AS "at"`);
  return Number(row?.["at"]) - now();
}

/** Half the sites' clocks cannot all be wrong in the same way; a single one that is off is named. */
function clockFindings({ inside, skewMs }: Seen): readonly Finding[] {
  const skews = inside?.skews ?? [];
  const sorted = skews.map((site) => site.skewMs).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const found = [
    ...(skewMs === undefined ? [] : [clockFinding(skewMs, "the database server's")]),
    ...(median === undefined || sorted.length < 2 ? [] : [clockFinding(median, "those of most sites")]),
  ];
  const own = found.some(({ level }) => level !== "ok");
  const odd = own ? [] : skews.filter((site) => Math.abs(site.skewMs) > 60_000);
  const named = odd.map(({ site, skewMs: its }) =>
    warning(
      "site-clock-off",
      `The clock of ${site} is ${Math.abs(Math.round(its / 1000))} s ${its < 0 ? "behind" : "ahead of"} ours.`,
      "Ask that hospital to switch on time synchronisation.",
    ),
  );
  if (found.length + named.length === 0) return [skipped("No other clock to compare with yet.")];
  return [...found, ...named];
}
