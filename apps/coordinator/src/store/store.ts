/**
 * What is written, and in which transaction. Reads go to `prisma` directly. Every write carries its audit entries in the
 * same transaction, and writes take turns, so that the audit chain and the event numbers have no gaps and no forks.
 */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { chainHash, CHAIN_START, type AuditEntry } from "@engraft/core/audit/chain";
import { RunEvent } from "@engraft/core/rounds/events";
import type { StoredEvent } from "../api/views.ts";
import { faultOf } from "./faults.ts";
import { Prisma, type PrismaClient } from "./generated/client.ts";
import type { Database } from "./open.ts";
import { overtaken, type Term } from "./term.ts";

export type Transaction = Prisma.TransactionClient;

export interface AuditRow extends AuditEntry {
  readonly seq: number;
}

/** Everything that one step of a run writes. */
export interface Append {
  readonly run: string;
  /** Events stored so far; the first new one becomes `version + 1`. */
  readonly version: number;
  readonly events: readonly RunEvent[];
  /** Signed envelopes that the events name by digest. */
  readonly statements?: readonly { readonly digest: string; readonly text: string }[];
  readonly audit?: readonly AuditEntry[];
  /** With the first event. */
  readonly create?: { readonly plan: string; readonly at: number };
  /** With the last event. */
  readonly end?: { readonly phase: string; readonly at: number };
}

export interface Appended {
  readonly events: readonly StoredEvent[];
  readonly audit: readonly AuditRow[];
}

interface Tail {
  readonly seq: number;
  readonly hash: Digest;
}

const MAX_TRIES = 10;
/** Two that hinder each other must not try again in step. Grows with every try. */
const LONGEST_PAUSE_MS = 20;
/** What a change has read still holds when it commits; where that cannot be, PostgreSQL refuses it and it is tried again. */
const SERIALIZABLE = { isolationLevel: Prisma.TransactionIsolationLevel.Serializable };

export class Store {
  readonly prisma: PrismaClient;
  readonly kind: Database["kind"];
  readonly #durable: (events: readonly RunEvent[]) => void;
  readonly #term: Term | undefined;
  readonly #mayWrite: Database["mayWrite"];
  #turn: Promise<unknown> = Promise.resolve();
  #tail: Tail | undefined;

  /** `durable` is called with events as soon as they are stored. */
  constructor(database: Database, durable: (events: readonly RunEvent[]) => void = () => undefined) {
    this.#durable = durable;
    this.prisma = database.prisma;
    this.kind = database.kind;
    this.#term = database.term;
    this.#mayWrite = database.mayWrite;
  }

  /**
   * One statement, so one transaction and one round trip. Throws `version-conflict` where somebody else appended first, and
   * `disk-full`: then nothing was written.
   */
  append(append: Append): Promise<Appended> {
    return this.#inTurn(async () => {
      const { audit, tail } = this.#chained(await this.#loadTail(), append.audit ?? []);
      const rows = await appendStatement(this.prisma, append, audit);
      this.#durable(append.events);
      this.#tail = tail;
      const events = append.events.map((event, index) => ({ seq: Number(rows[index]?.seq), event }));
      return { events, audit: audit.map(withoutHash) };
    });
  }

  /** For the few writes that are no history. Throws `disk-full`. */
  mayWrite(): Promise<void> {
    return this.#mayWrite();
  }

  /** Any other write: `change` runs in a transaction and says what it did for the audit log. It may run more than once. */
  write<T>(
    change: (tx: Transaction) => Promise<{ readonly value: T; readonly audit: readonly AuditEntry[] }>,
  ): Promise<{ readonly value: T; readonly audit: readonly AuditRow[] }> {
    return this.#inTurn(async () => {
      const before = await this.#loadTail();
      const done = await this.prisma.$transaction(async (tx) => {
        const { value, audit } = await change(tx);
        const chained = this.#chained(before, audit);
        if (chained.audit.length > 0)
          await tx.audit.createMany({ data: chained.audit.map((row) => ({ ...row, at: new Date(row.at), detail: { ...row.detail } })) });
        return { value, ...chained };
      }, SERIALIZABLE);
      this.#tail = done.tail;
      return { value: done.value, audit: done.audit.map(withoutHash) };
    });
  }

  /** A run's events, oldest first. */
  async events(run: string): Promise<readonly StoredEvent[]> {
    return (await this.prisma.event.findMany({ where: { run }, orderBy: { version: "asc" } })).map(toStored);
  }

  /** The event that each of these runs begins with. */
  async firstEvents(runs: readonly string[]): Promise<ReadonlyMap<string, RunEvent>> {
    const rows = await this.prisma.event.findMany({ where: { run: { in: [...runs] }, version: 1 } });
    return new Map(rows.map((row) => [row.run, toStored(row).event]));
  }

  /** Events of one run or of all after a number, oldest first. */
  async eventsAfter(seq: number, run: string | null, limit: number): Promise<readonly (StoredEvent & { readonly run: string })[]> {
    const rows = await this.prisma.event.findMany({
      where: { seq: { gt: seq }, ...(run === null ? {} : { run }) },
      orderBy: { seq: "asc" },
      take: limit,
    });
    return rows.map((row) => ({ ...toStored(row), run: row.run }));
  }

  async #loadTail(): Promise<Tail> {
    if (this.#tail === undefined) {
      const last = await this.prisma.audit.findFirst({ orderBy: { seq: "desc" }, select: { seq: true, hash: true } });
      this.#tail = last === null ? { seq: 0, hash: CHAIN_START } : { seq: Number(last.seq), hash: last.hash as Digest };
    }
    return this.#tail;
  }

  #chained(
    from: Tail,
    entries: readonly AuditEntry[],
  ): { readonly audit: readonly (AuditRow & { readonly hash: Digest })[]; readonly tail: Tail } {
    let tail = from;
    const audit = entries.map((entry) => {
      tail = { seq: tail.seq + 1, hash: chainHash(tail.hash, entry) };
      return { ...entry, ...tail };
    });
    return { audit, tail };
  }

  /** One after the other; a write conflict or a lost race for the audit chain's next number is tried again. */
  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      await this.#mayWrite();
      for (let tries = 1; ; tries++) {
        try {
          return await write();
        } catch (error) {
          this.#tail = undefined;
          const fault = faultOf(error);
          if (fault === "version-taken") throw new EngraftError("version-conflict", "Somebody else continued this run.", { cause: error });
          if (fault === "fenced") throw this.#overtaken();
          if (fault === "full")
            throw new EngraftError("disk-full", "The database's disk is full. Free some space; nothing that was acknowledged is lost.", {
              cause: error,
            });
          if (fault === undefined || tries === MAX_TRIES) throw error;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS * tries));
        }
      }
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #overtaken(): EngraftError {
    const fault = overtaken();
    this.#term?.end(fault);
    return fault;
  }
}

const withoutHash = ({ hash: _, ...row }: AuditRow & { readonly hash: Digest }): AuditRow => row;

const toStored = (row: { readonly seq: bigint; readonly body: unknown }): StoredEvent => ({
  seq: Number(row.seq),
  event: RunEvent.parse(row.body),
});

function appendStatement(
  prisma: PrismaClient,
  append: Append,
  audit: readonly (AuditRow & { readonly hash: Digest })[],
): Promise<readonly { readonly seq: bigint }[]> {
  const { run, version, events, statements = [], create, end } = append;
  const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
  return prisma.$queryRaw<{ seq: bigint }[]>`
    WITH new_run AS (
      INSERT INTO "run" ("id", "planDigest", "createdAt", "endPhase", "endedAt")
      SELECT ${run}, ${create?.plan ?? null}::text, ${iso(create?.at)}::timestamp, ${end?.phase ?? null}::text, ${iso(end?.at)}::timestamp WHERE ${create !== undefined}::boolean
    ), new_statements AS (
      INSERT INTO "statement" ("digest", "text") SELECT "digest", "text" FROM jsonb_to_recordset(${JSON.stringify(statements)}::jsonb) AS s("digest" text, "text" text)
      ON CONFLICT DO NOTHING
    ), new_audit AS (
      INSERT INTO "audit" ("seq", "at", "actor", "action", "subject", "detail", "hash")
      SELECT "seq", to_timestamp("at" / 1000.0) AT TIME ZONE 'UTC', "actor", "action", "subject", "detail", "hash"
      FROM jsonb_to_recordset(${JSON.stringify(audit)}::jsonb) AS a("seq" bigint, "at" bigint, "actor" text, "action" text, "subject" text, "detail" jsonb, "hash" text)
    ), ended AS (
      UPDATE "run" SET "endPhase" = ${end?.phase ?? null}::text, "endedAt" = ${iso(end?.at)}::timestamp WHERE "id" = ${run} AND ${end !== undefined}::boolean
    ), new_events AS (
      INSERT INTO "event" ("run", "version", "body") SELECT ${run}, ${version}::int + n::int, body FROM jsonb_array_elements(${JSON.stringify(events)}::jsonb) WITH ORDINALITY AS e(body, n) ORDER BY n
      RETURNING "seq"
    )
    SELECT "seq" FROM new_events ORDER BY "seq"`;
}
