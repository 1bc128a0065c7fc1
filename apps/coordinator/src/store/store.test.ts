/** One suite for both databases: what the store promises holds on PGlite and on PostgreSQL. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstBrokenLink, type AuditEntry } from "@engraft/core/audit/chain";
import type { RunEvent } from "@engraft/core/rounds/events";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPostgres, requireOrSkip } from "../../../../test/support/require.ts";
import { startPostgres, type TestPostgres } from "../../../../test/support/postgres.ts";
import { lead, standBy } from "./lead.ts";
import { lookIntoDatabase } from "./look.ts";
import { migrate, readMigrations, schemaState, type SqlSession } from "./migrate.ts";
import { openDatabase, type Database, type Where } from "./open.ts";
import { Store } from "./store.ts";

const PLAN = "a".repeat(64);
const at = Date.UTC(2026, 10, 25, 3, 0, 0, 123);
const stopped = (by: string): RunEvent => ({ type: "run.stopped", at, by });
const entry = (action: string): AuditEntry => ({
  at,
  actor: "operator",
  action,
  subject: "heart.1",
  detail: { round: 1, ok: true, why: null },
});

async function seeded(database: Database): Promise<Store> {
  const { prisma } = database;
  await prisma.base.create({
    data: { manifest: PLAN, name: "b", version: "1.0", text: "{}", weights: PLAN, importedBy: "x", importedAt: new Date(at) },
  });
  await prisma.plan.create({
    data: { digest: PLAN, name: "heart", version: 1, text: "{}", baseManifest: PLAN, by: "x", proposedAt: new Date(at) },
  });
  return new Store(database);
}

async function chainOf(store: Store) {
  const rows = await store.prisma.audit.findMany({ orderBy: { seq: "asc" } });
  return rows.map(({ at: when, actor, action, subject, detail, hash }) => ({
    at: when.getTime(),
    actor,
    action,
    subject,
    detail: detail as AuditEntry["detail"],
    hash,
  }));
}

function storeContract(fresh: () => Promise<Where>): void {
  let where: Where;
  let database: Database;
  let store: Store;
  beforeAll(async () => {
    where = await fresh();
    database = await openDatabase(where);
    store = await seeded(database);
  });
  afterAll(() => database.close());

  it("applies its migrations once", async () => {
    expect(database.migrated).toEqual((await readMigrations()).map(({ name }) => name));
  });

  it("[S1] stores the events, statements and audit entries of a step together, with a run that they create and end", async () => {
    const create = { plan: PLAN, at };
    const appended = await store.append({
      run: "heart.1",
      version: 0,
      create,
      end: { phase: "stopped", at },
      events: [stopped("anna"), stopped("berta")],
      statements: [{ digest: "d1", text: "signed" }],
      audit: [entry("one"), entry("two")],
    });
    expect(appended.events.map(({ event }) => event)).toEqual([stopped("anna"), stopped("berta")]);
    expect(await store.events("heart.1")).toEqual(appended.events);
    expect(await store.prisma.run.findUnique({ where: { id: "heart.1" } })).toMatchObject({
      endPhase: "stopped",
      endedAt: new Date(at),
      createdAt: new Date(at),
    });
    expect(await store.prisma.statement.findUnique({ where: { digest: "d1" } })).toMatchObject({ text: "signed" });
    expect((await chainOf(store)).slice(-2)).toMatchObject([entry("one"), entry("two")]);
  });

  it("[S4] appends at an expected version: of two writers one is told version-conflict, and nothing of its step is stored", async () => {
    const before = (await chainOf(store)).length;
    const outcomes = await Promise.allSettled([
      store.append({ run: "race", version: 0, events: [stopped("anna")], audit: [entry("won")] }),
      new Store(database).append({
        run: "race",
        version: 0,
        events: [stopped("berta")],
        statements: [{ digest: "lost", text: "" }],
        audit: [entry("lost")],
      }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "version-conflict" } });
    expect(await store.events("race")).toHaveLength(1);
    expect(await chainOf(store)).toHaveLength(before + 1);
  });

  it("numbers events over all runs, so that a reader goes on after the last it has seen", async () => {
    const first = await store.append({ run: "one", version: 0, events: [stopped("anna")] });
    await store.append({ run: "two", version: 0, events: [stopped("berta"), stopped("clara")] });
    const seq = first.events[0]?.seq ?? 0;
    expect((await store.eventsAfter(seq, null, 10)).map(({ run }) => run)).toEqual(["two", "two"]);
    expect(await store.eventsAfter(seq, "one", 10)).toEqual([]);
    expect(await store.eventsAfter(seq - 1, null, 1)).toMatchObject([{ run: "one", seq }]);
  });

  it("[A1] keeps one audit chain, whoever writes and however many at once", async () => {
    const other = new Store(database);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const writer = index % 2 === 0 ? store : other;
        return index % 3 === 0
          ? writer.append({ run: `many-${index}`, version: 0, events: [], audit: [entry(`append ${index}`)] })
          : writer.write(async () => ({ value: undefined, audit: [entry(`write ${index}`)] }));
      }),
    );
    const chain = await chainOf(store);
    expect(firstBrokenLink(chain)).toBeUndefined();
    expect(new Set(chain.map(({ action }) => action)).size).toBeGreaterThanOrEqual(20);
    await store.prisma.audit.update({ where: { seq: 2n }, data: { actor: "mallory" } });
    expect(firstBrokenLink(await chainOf(store))).toBe(1);
  });

  it("writes nothing where the change fails", async () => {
    const before = (await chainOf(store)).length;
    const failing = store.write(async (tx) => {
      await tx.statement.create({ data: { digest: "half", text: "" } });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await store.prisma.statement.count({ where: { digest: "half" } })).toBe(0);
    expect(await chainOf(store)).toHaveLength(before);
  });

  it("is there again after a restart, with nothing to migrate", async () => {
    const events = await store.events("heart.1");
    await database.close();
    database = await openDatabase(where);
    store = new Store(database);
    expect(database.migrated).toEqual([]);
    expect(await store.events("heart.1")).toEqual(events);
  });

  it("can be looked at as it is: nothing pending, and a newer version's migration is named", async () => {
    // An embedded database is open once only.
    if ("dir" in where) await database.close();
    const look = await lookIntoDatabase(where);
    try {
      const migrations = await readMigrations();
      expect(await schemaState(look.session, migrations)).toEqual({ made: true, pending: [], unknown: [], changed: [] });
      const [first, ...rest] = migrations;
      const older = first === undefined ? [] : [{ ...first, checksum: "0".repeat(64) }];
      const names = rest.map(({ name }) => name);
      expect(await schemaState(look.session, older)).toEqual({ made: true, pending: [], unknown: names, changed: [first?.name] });
      const newer = [...migrations, { name: "29990101000000_later", sql: "", checksum: "" }];
      expect((await schemaState(look.session, newer)).pending).toEqual(["29990101000000_later"]);
      expect(await look.prisma.plan.count()).toBe(1);
      if ("url" in where) await expect(look.prisma.plan.deleteMany()).rejects.toThrow(/read-only/);
    } finally {
      await look.close();
      if ("dir" in where) {
        database = await openDatabase(where);
        store = new Store(database);
      }
    }
  });
}

describe("the store on PGlite", () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));
  storeContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), "engraft-store-"));
    folders.push(folder);
    return { dir: join(folder, "db") };
  });

  it("names a folder that holds something else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "engraft-store-"));
    folders.push(folder);
    const { writeFile } = await import("node:fs/promises");
    await writeFile(join(folder, "PG_VERSION"), "18");
    await expect(openDatabase({ dir: folder })).rejects.toMatchObject({ code: "database-unavailable" });
  });
});

requireOrSkip("PostgreSQL", findPostgres).describe("the store on PostgreSQL", (bin) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.stop());

  describe("the contract", () => {
    storeContract(async () => ({ url: await server.database() }));
  });

  describe("transactions that hinder each other", () => {
    let database: Database;
    beforeAll(async () => {
      database = await openDatabase({ url: await server.database() });
    });
    afterAll(() => database.close());

    /** Resolves for everybody once `parties` have come; who comes again later does not wait. */
    const barrier = (parties: number): (() => Promise<void>) => {
      let open = (): void => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      let come = 0;
      return () => {
        if (++come === parties) open();
        return opened;
      };
    };

    it("[S4] are tried again after a serialisation failure, so that what each has read holds when it commits", async () => {
      const allHaveRead = barrier(4);
      let tries = 0;
      const taken = await Promise.all(
        Array.from({ length: 4 }, () =>
          new Store(database).write(async (tx) => {
            tries += 1;
            const text = `place ${await tx.statement.count({ where: { text: { startsWith: "place" } } })}`;
            await allHaveRead();
            // No unique value in the way: only the isolation tells that two have read the same.
            await tx.statement.create({ data: { digest: `${text} by ${tries}`, text } });
            return { value: text, audit: [] };
          }),
        ),
      );
      expect(taken.map(({ value }) => value).sort()).toEqual(["place 0", "place 1", "place 2", "place 3"]);
      expect(tries).toBeGreaterThan(4);
    });

    it("[S4] are tried again after a deadlock", async () => {
      await database.prisma.statement.createMany({ data: ["left", "right"].map((digest) => ({ digest, text: "" })) });
      const bothHold = barrier(2);
      let tries = 0;
      const take = (digests: readonly string[]) =>
        new Store(database).write(async (tx) => {
          tries += 1;
          for (const digest of digests) {
            const { text } = await tx.statement.findUniqueOrThrow({ where: { digest } });
            await tx.statement.update({ where: { digest }, data: { text: `${text}+` } });
            await bothHold();
          }
          return { value: undefined, audit: [entry(`took ${digests.join(" and ")}`)] };
        });
      await Promise.all([take(["left", "right"]), take(["right", "left"])]);
      expect(tries).toBeGreaterThan(2);
      const rows = await database.prisma.statement.findMany({ where: { digest: { in: ["left", "right"] } } });
      expect(rows.map(({ text }) => text)).toEqual(["++", "++"]);
      expect(firstBrokenLink(await chainOf(new Store(database)))).toBeUndefined();
    });

    it("[S4] are given up after a bounded number of tries", async () => {
      let tries = 0;
      const hopeless = new Store(database).write(async (tx) => {
        tries += 1;
        await tx.$executeRawUnsafe(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`);
        return { value: undefined, audit: [] };
      });
      await expect(hopeless).rejects.toThrow("40001");
      expect(tries).toBe(10);
    });
  });

  it("two coordinators that start at once apply each migration once; one of them may stay", async () => {
    const url = await server.database();
    const outcomes = await Promise.allSettled([openDatabase({ url }), openDatabase({ url }), openDatabase({ url })]);
    const opened = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(opened).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "locked" });
    const rows = await (opened[0] as Database).prisma.$queryRaw<
      { migration_name: string }[]
    >`SELECT migration_name FROM "_prisma_migrations"`;
    expect(rows.map(({ migration_name: name }) => name)).toEqual((await readMigrations()).map(({ name }) => name));
    await opened[0]?.close();
    const next = await openDatabase({ url });
    await next.close();
  });

  const waiting = (signal: AbortSignal, standing: (leader: string) => void = () => undefined) => ({ standing, signal, patient: true });

  it("[S6] a term ends when the server goes away, and the next one begins by itself when it is back", async () => {
    const url = await server.database();
    const first = await openDatabase({ url });
    const store = await seeded(first);
    await store.append({ run: "r", version: 0, events: [stopped("anna")] });
    expect(first.term?.holds()).toBe(true);
    await server.restart();
    expect(await first.term?.lost).toMatchObject({ code: "database-unavailable" });
    expect(first.term?.holds()).toBe(false);
    await first.close();
    const term = await standBy(url, {}, waiting(new AbortController().signal));
    expect(term?.epoch).toBe(2n);
    const second = await openDatabase({ url, term });
    await new Store(second).append({ run: "r", version: 1, events: [stopped("berta")] });
    expect(await new Store(second).events("r")).toHaveLength(2);
    await second.close();
  });

  it("[S7] what an earlier leader writes is refused by the database, in every table, and its term ends", async () => {
    const url = await server.database();
    const old = await openDatabase({ url });
    const store = await seeded(old);
    await store.append({ run: "r", version: 0, events: [stopped("anna")] });
    // Its lock goes, as where PostgreSQL takes its machine for dead; it itself hears of it too late.
    await old.prisma
      .$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'engraft-lead' AND datname = current_database()`;
    const next = await openDatabase({ url });
    await expect(store.append({ run: "r", version: 1, events: [stopped("berta")], audit: [entry("late")] })).rejects.toMatchObject({
      code: "locked",
    });
    await expect(
      store.write(async (tx) => {
        await tx.statement.create({ data: { digest: "late", text: "" } });
        return { value: undefined, audit: [] };
      }),
    ).rejects.toMatchObject({ code: "locked" });
    await expect(old.prisma.plan.update({ where: { digest: PLAN }, data: { version: 9 } })).rejects.toThrow("epoch 1 is over");
    await expect(old.prisma.verification.deleteMany()).rejects.toThrow("epoch 1 is over");
    expect(old.term?.holds()).toBe(false);
    const now = new Store(next);
    expect(await now.events("r")).toHaveLength(1);
    await now.append({ run: "r", version: 1, events: [stopped("clara")] });
    expect(await chainOf(now)).toEqual([]);

    const unfenced = await next.prisma.$queryRaw`
      SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT IN ('_prisma_migrations', 'leadership', 'lease')
      AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'fence' AND tgrelid = format('%I', table_name)::regclass)`;
    expect(unfenced).toEqual([]);
    await Promise.all([old.close(), next.close()]);
  });

  it("[S7] a transaction that the earlier leader has begun and sleeps in does not keep the next one waiting", async () => {
    const url = await server.database();
    const old = await openDatabase({ url });
    let began = (): void => undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    const sleeping = new Store(old)
      .write(async (tx) => {
        await tx.statement.create({ data: { digest: "half", text: "" } });
        began();
        await asleep;
        return { value: undefined, audit: [] };
      })
      .catch((error: unknown) => error);
    await begun;
    await old.prisma
      .$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'engraft-lead' AND datname = current_database()`;
    const next = await openDatabase({ url });
    wake();
    expect(await sleeping).toBeInstanceOf(Error);
    expect(await next.prisma.statement.count()).toBe(0);
    await Promise.all([old.close(), next.close()]);
  });

  it("[S6] a standby waits while the leader shows signs of life, and leads as soon as it ends", async () => {
    const url = await server.database();
    const mark = { text: "", read: async () => mark.text, write: async (text: string) => void (mark.text = text) };
    const leader = await lead(url, { key: "k", mark });
    const seen: string[] = [];
    const stop = new AbortController();
    const next = standBy(
      url,
      { key: "k", mark },
      waiting(stop.signal, (who) => seen.push(who)),
    );
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual([expect.stringContaining(`process ${process.pid}`)]);
    expect(leader.holds()).toBe(true);
    await leader.close();
    const term = await next;
    expect(term?.epoch).toBe(leader.epoch + 1n);

    const gaveUp = standBy(url, { key: "k", mark }, waiting(stop.signal));
    stop.abort();
    expect(await gaveUp).toBeUndefined();
    await term?.close();
  });

  it("[S6] a standby whose data folder is not the leader's, or whose key is another, is turned away by name", async () => {
    const url = await server.database();
    const database = await openDatabase({ url });
    await database.prisma.federation.create({ data: { key: "ours", createdAt: new Date(at) } });
    const { signal } = new AbortController();
    const elsewhere = { read: async () => "of another folder", write: async () => undefined };
    await expect(standBy(url, { key: "ours", mark: elsewhere }, waiting(signal))).rejects.toMatchObject({
      code: "bad-config",
      message: expect.stringContaining("same --data") as string,
    });
    await expect(standBy(url, { key: "theirs" }, waiting(signal))).rejects.toMatchObject({
      code: "bad-config",
      message: expect.stringContaining("another key") as string,
    });
    await database.close();
  });

  it("says what is wrong where it cannot be reached, and never the address with its password", async () => {
    const error: unknown = await openDatabase({ url: "postgresql://engraft:hunter2@127.0.0.1:1/x" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "database-unavailable" });
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("migrations", () => {
  const one = { name: "1_one", sql: "CREATE TABLE one (id int); CREATE TABLE uno (id int);", checksum: "c1" };
  const two = { name: "2_two", sql: "CREATE TABLE two (id int);", checksum: "c2" };
  let lite: PGlite;
  let session: SqlSession;
  beforeAll(async () => {
    lite = await PGlite.create();
    session = {
      script: async (sql) => void (await lite.exec(sql)),
      rows: async (sql, values = []) => (await lite.query<Record<string, unknown>>(sql, [...values])).rows,
    };
  });
  afterAll(() => lite.close());

  it("are applied in order, each once, and one that fails leaves nothing behind", async () => {
    expect(await migrate(session, [one])).toEqual(["1_one"]);
    expect(await migrate(session, [one, two])).toEqual(["2_two"]);
    expect(await migrate(session, [one, two])).toEqual([]);
    const broken = { name: "3_broken", sql: "CREATE TABLE three (id int); SELECT nonsense;", checksum: "c3" };
    await expect(migrate(session, [one, two, broken])).rejects.toThrow("nonsense");
    expect(await session.rows("SELECT to_regclass('three') AS there")).toEqual([{ there: null }]);
    expect(await migrate(session, [one, two])).toEqual([]);
  });

  it("of a newer version, or with another text, stop the start by name", async () => {
    await expect(migrate(session, [one])).rejects.toMatchObject({
      code: "database-unavailable",
      message: expect.stringContaining("2_two") as string,
    });
    await expect(migrate(session, [one, { ...two, checksum: "other" }])).rejects.toMatchObject({ code: "database-unavailable" });
  });
});
