/** What a backup holds, on both databases: the rows exactly, every table, and the blobs for as long as it takes to copy them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstBrokenLink, type AuditEntry } from "@engraft/core/audit/chain";
import type { PublicKey } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { RunEvent } from "@engraft/core/rounds/events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../../test/support/postgres.ts";
import { findPostgres, requireOrSkip } from "../../../../test/support/require.ts";
import { openDatabase, openSession, type Where } from "../store/open.ts";
import { Removals } from "../store/removals.ts";
import { Store } from "../store/store.ts";
import { dump } from "./dump.ts";
import { DumpHead, TABLES, type Backup } from "./format.ts";
import { load } from "./load.ts";

const KEY = "a".repeat(43) as PublicKey;
const at = Date.UTC(2026, 10, 25, 3, 0, 0, 123);
const HUGE = 9_007_199_254_740_993n;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-dump-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function dumped(store: Store): Promise<readonly string[]> {
  const lines: string[] = [];
  await dump(store, { coordinator: KEY, version: "test", at }, async (line) => void lines.push(line));
  return lines;
}

function contract(fresh: () => Promise<Where>): void {
  it("[S8] gives back every row exactly, and numbers go on where they were", async () => {
    const from = await openDatabase(await fresh());
    const store = new Store(from);
    const plan = { digest: KEY, name: "heart", version: 1, text: '{"é":"\\t\\n"}', baseManifest: KEY, by: "x", proposedAt: new Date(at) };
    await from.prisma.base.create({
      data: { manifest: KEY, name: "b", version: "1.0", text: "{}", weights: KEY, importedBy: "x", importedAt: new Date(at) },
    });
    await from.prisma.plan.create({ data: plan });
    const event = (by: string): RunEvent => ({ type: "run.stopped", at, by });
    const audit: AuditEntry[] = [{ at, actor: "a\tb", action: "did", subject: "heart.1", detail: { share: 0.1 + 0.2, why: null } }];
    for (let version = 0; version < 1_100; version += 550)
      await store.append({
        run: "heart.1",
        version,
        events: Array.from({ length: 550 }, (_, index) => event(`anna ${version + index}`)),
        audit,
        ...(version === 0 && { create: { plan: KEY, at } }),
      });
    await from.prisma.$executeRaw`UPDATE "event" SET "seq" = ${HUGE} WHERE "version" = 1100`;

    const [head = "", ...lines] = await dumped(store);
    expect(JSON.parse(lines.pop() ?? "")).toEqual({ rows: lines.length });
    expect(lines.length).toBe(1_100 + 2 + 1 + 1 + 1);
    const path = join(folder, `${from.kind}.rows`);
    const text = `${lines.join("\n")}\n`;
    await writeFile(path, text);
    const backup: Backup = {
      format: "engraft.backup/1",
      head: DumpHead.parse(JSON.parse(head)),
      rows: lines.length,
      sha256: sha256(text),
      blobs: 0,
    };
    await from.close();

    const where = await fresh();
    const session = await openSession(where);
    await load(session, backup, path);
    await expect(load(session, backup, path)).rejects.toMatchObject({ code: "conflict" });
    await session.close();
    const to = await openDatabase(where);
    const restored = new Store(to);
    expect((await dumped(restored)).slice(1, -1).toSorted()).toEqual(lines.toSorted());
    expect(await to.prisma.plan.findFirst()).toEqual({ ...plan, withdrawnAt: null });
    const { events } = await restored.append({ run: "heart.1", version: 1_100, events: [event("berta")], audit });
    expect(await to.prisma.event.findFirst({ orderBy: { seq: "desc" }, select: { seq: true, version: true } })).toEqual({
      seq: HUGE + 1n,
      version: 1_101,
    });
    expect(events).toHaveLength(1);
    const chain = await to.prisma.audit.findMany({ orderBy: { seq: "asc" } });
    expect(chain).toHaveLength(3);
    expect(
      firstBrokenLink(chain.map(({ seq: _, ...row }) => ({ ...row, at: row.at.getTime(), detail: row.detail as AuditEntry["detail"] }))),
    ).toBeUndefined();
    await to.close();
  });

  it("[S8] rows that do not add up leave the database without any", async () => {
    const where = await fresh();
    const store = await openDatabase(where);
    const head = DumpHead.parse(JSON.parse((await dumped(new Store(store)))[0] ?? ""));
    await store.close();
    const path = join(folder, "short.rows");
    await writeFile(path, `site\t{"name":"anna","key":"k","joinedAt":"2026-11-25T00:00:00"}\n`);
    const empty = await fresh();
    const session = await openSession(empty);
    const backup: Backup = { format: "engraft.backup/1", head, rows: 2, sha256: KEY as never, blobs: 0 };
    await expect(load(session, backup, path)).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(await session.rows(`SELECT count(*)::int AS "sites" FROM "site"`)).toEqual([{ sites: 0 }]);
    await session.close();
  });

  it("[S8] knows every table, so that none is forgotten when one is added", async () => {
    const session = await openDatabase(await fresh());
    const rows = await session.prisma.$queryRaw<{ name: string }[]>`
      SELECT table_name AS "name" FROM information_schema.tables WHERE table_schema = 'public'`;
    const others = [
      "_prisma_migrations",
      "cause",
      "leadership",
      "lease",
      "message",
      "run_curve",
      "run_fold",
      "session",
      "share",
      "token",
      "verification",
    ];
    expect(rows.map(({ name }) => name).sort()).toEqual([...TABLES, ...others].sort());
    await session.close();
  });
}

describe("rows of the embedded database", () => {
  let made = 0;
  contract(async () => ({ dir: join(folder, `db-${++made}`) }));
});

requireOrSkip("PostgreSQL", findPostgres).describe("rows of PostgreSQL", (bin) => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.stop());
  contract(async () => ({ url: await server.database() }));
});

/** A store that only notes what it is told to remove. */
const removing = (removed: string[]) => ({
  remove: async (digest: string) => void removed.push(digest),
  collect: async (digest: string, _before: number, may = () => true) => {
    // As a look at the file takes a while.
    await new Promise((resolve) => setImmediate(resolve));
    if (may()) removed.push(digest);
    return may();
  },
  sweepPartial: async () => removed.push("partial"),
});

describe("blobs", () => {
  it("[S8] are not removed while a backup is made, and are afterwards", async () => {
    const removed: string[] = [];
    const removals = new Removals(removing(removed), undefined);
    const [first, second] = [removals.pause(), removals.pause()];
    const waiting = removals.remove("one");
    first();
    await new Promise((resolve) => setImmediate(resolve));
    expect(removed).toEqual([]);
    second();
    await waiting;
    expect(removed).toEqual(["one"]);
  });

  it("[S7] are not removed by a coordinator that leads no more, also where it heard of it only while it waited", async () => {
    const removed: string[] = [];
    let leads = true;
    const removals = new Removals(removing(removed), { holds: () => leads });
    await removals.remove("one");
    const goOn = removals.pause();
    const waiting = removals.remove("two");
    leads = false;
    goOn();
    await waiting;
    expect(removed).toEqual(["one"]);
  });

  it("[S7] are not collected by a coordinator that leads no more, also where it heard of it only while it looked", async () => {
    const removed: string[] = [];
    let leads = true;
    const removals = new Removals(removing(removed), { holds: () => leads });
    expect(await removals.collect("one", 0)).toBe(true);
    const waiting = removals.collect("two", 0);
    await Promise.resolve();
    leads = false;
    expect(await waiting).toBe(false);
    expect(await removals.collect("three", 0)).toBe(false);
    expect(await removals.sweepPartial(0)).toBe(0);
    expect(removed).toEqual(["one"]);
  });

  it("[S8] are not collected where a backup has begun since they were looked at", async () => {
    const removed: string[] = [];
    const removals = new Removals(removing(removed), undefined);
    const waiting = removals.collect("one", 0);
    await Promise.resolve();
    removals.pause();
    expect(await waiting).toBe(false);
    expect(removed).toEqual([]);
  });
});
