import { identityFromSeed } from "@engraft/core/crypto/identity";
import { openHead } from "@engraft/core/audit/file";
import { verifyAudit } from "@engraft/core/audit/verify";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Config, LEAST_AUDIT_DAYS } from "../config.ts";
import { openDatabase, type Database } from "../store/open.ts";
import { Store } from "../store/store.ts";
import { auditLines, auditSyslog } from "./export.ts";
import { shorten, signHead } from "./heads.ts";

const DAY_MS = 86_400_000;
const identity = identityFromSeed(new Uint8Array(32).fill(3));
const key = identity.publicKey;
let clock = Date.UTC(2026, 0, 1);
const now = (): number => clock;

let folder: string;
let database: Database;
let store: Store;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "engraft-audit-"));
  database = await openDatabase({ dir: join(folder, "db") });
  store = new Store(database);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const enter = (count: number) =>
  store.write(async () => ({
    value: undefined,
    audit: Array.from({ length: count }, (_, index) => ({
      at: clock,
      actor: "operator",
      action: "x",
      subject: "y",
      detail: { index, ratio: 0.1 + index },
    })),
  }));
async function allOf(generated: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of generated) all.push(line);
  return all;
}
const lines = async (since?: number): Promise<string[]> => allOf(auditLines(store, key, since));
const verified = async () => verifyAudit(await lines(), { key });

describe("signed heads", () => {
  it("[A7] say where the chain ends, once for each end, under the coordinator's key", async () => {
    expect(await signHead({ store, identity, now })).toBeUndefined();
    await enter(3);
    const head = await signHead({ store, identity, now });
    expect(head).toMatchObject({ seq: 3, at: clock });
    expect(openHead(head!.envelope, key)).toEqual({ seq: 3, hash: head!.hash, at: clock });
    clock += DAY_MS;
    expect(await signHead({ store, identity, now })).toEqual(head);
    await enter(2);
    expect(await verified()).toMatchObject({ ok: true, entries: 5, signed: { seq: 3 } });
  });

  it("[A7] are not given to a log that was altered since the last one", async () => {
    const { prisma } = database;
    const { detail } = await prisma.audit.findUniqueOrThrow({ where: { seq: 4 } });
    await prisma.audit.update({ where: { seq: 4 }, data: { detail: { index: 99 } } });
    await expect(signHead({ store, identity, now })).rejects.toMatchObject({
      code: "audit-altered",
      message: expect.stringContaining("entry 4"),
    });
    expect(await verified()).toMatchObject({ ok: false, seq: 4 });
    await prisma.audit.update({ where: { seq: 4 }, data: { detail: detail as object } });
    const gone = await prisma.audit.delete({ where: { seq: 5 } });
    // Nothing is signed behind it yet: its absence cannot be seen. Behind a head it can.
    expect(await verified()).toMatchObject({ ok: true, last: { seq: 4 } });
    await prisma.audit.create({ data: { ...gone, detail: gone.detail as object } });
    await signHead({ store, identity, now });
    await prisma.audit.delete({ where: { seq: 5 } });
    expect(await verified()).toMatchObject({ ok: true, last: { seq: 4 }, signed: { seq: 3 } });
    await expect(signHead({ store, identity, now })).rejects.toMatchObject({ code: "audit-altered" });
    await prisma.audit.create({ data: { ...gone, detail: gone.detail as object } });
    expect(await verified()).toMatchObject({ ok: true, signed: { seq: 5 } });
  });

  it("[A4] entries go only up to a signed head, and the rest is verified from there", async () => {
    clock += LEAST_AUDIT_DAYS * DAY_MS;
    await enter(4);
    expect(await shorten({ store, identity, now }, LEAST_AUDIT_DAYS)).toBe(3);
    const rest = await verified();
    expect(rest).toMatchObject({ ok: true, after: { seq: 3 }, anchored: true, entries: 7 });
    expect(await shorten({ store, identity, now }, LEAST_AUDIT_DAYS)).toBe(0);
    const shortened = await database.prisma.audit.findFirst({ where: { action: "audit.shortened" } });
    expect(shortened).toMatchObject({ detail: { through: 3, entries: 3 } });
    await enter(1);
    expect(await signHead({ store, identity, now })).toMatchObject({ seq: 11 });
    // Removed by anybody else: no head stands for them.
    await database.prisma.audit.deleteMany({ where: { seq: { lte: 4 } } });
    expect(await verified()).toMatchObject({ ok: false, seq: 1 });
  });

  it("[A4] refuses to keep them for less than half a year, and says why", () => {
    expect(Config.parse({ keepAuditDays: "183" }).keepAuditDays).toBe(183);
    expect(Config.parse({}).keepAuditDays).toBeUndefined();
    expect(Config.safeParse({ keepAuditDays: "182" }).error?.issues[0]?.message).toMatch(/at least 183 days, because .* six months/);
  });

  it("[A5] an export may begin at any time, and is syslog too", async () => {
    const part = await lines(clock);
    expect(await verifyAudit(part, { key })).toMatchObject({ ok: true, after: { seq: 5 }, anchored: true });
    expect(await verifyAudit(await lines(clock + 1), { key })).toMatchObject({ ok: true, entries: 0 });
    const messages = await allOf(auditSyslog(store, "hub.example", clock));
    expect(messages).toHaveLength(6);
    expect(messages[0]).toMatch(/^<110>1 2026-07-0\dT[0-9:.]+Z hub.example engraft-coordinator - x \[audit@32473 seq="6" /);
  });
});
