import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyAudit } from "@engraft/core/audit/verify";
import { sha256 } from "@engraft/core/crypto/digest";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditFileLines, auditPath, SiteAudit } from "./audit.ts";
import type { Membership } from "./federation.ts";

const identity = identityFromSeed(new Uint8Array(32).fill(5));
const coordinator = identityFromSeed(new Uint8Array(32).fill(6)).publicKey;
const membership = { identity, federation: { site: "st-anna", coordinator } } as unknown as Membership;
let clock = Date.UTC(2026, 5, 1);
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engraft-site-audit-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const open = (as = membership): Promise<SiteAudit> => SiteAudit.open(home, as, () => clock);
const verdict = () => verifyAudit(auditFileLines(home), { key: identity.publicKey, mayBeTorn: true });
const leave = (audit: SiteAudit, round: number) =>
  audit.left({
    what: "update",
    subject: "heart.1",
    about: { round, again: false },
    text: `update ${round}`,
    body: { digest: sha256("x"), bytes: 7 },
  });

describe("a site's audit log", () => {
  it("[A8] holds what leaves with bytes and digests before it leaves, and goes on after a restart", async () => {
    const audit = await open();
    await leave(audit, 1);
    // On disk already, with nothing closed.
    const last = (await readFile(auditPath(home), "utf8")).trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({
      seq: 1,
      actor: "site:st-anna",
      action: "left",
      subject: "heart.1",
      detail: { what: "update", round: 1, to: coordinator, bytes: 8, sha256: sha256("update 1"), bodyBytes: 7, bodySha256: sha256("x") },
    });
    await audit.decided("Dr A", "plan", "statement", { decision: "approved" });
    await audit.decided("Dr A", "plan", "statement", { decision: "approved" });
    await audit.close();
    const again = await open();
    await again.decided("Dr A", "plan", "statement", { decision: "approved" });
    await leave(again, 2);
    await again.close();
    expect(await verdict()).toMatchObject({ ok: true, entries: 3, signed: { seq: 3 }, torn: false });
  });

  it("[A6] is healed of a line that a crash cut off, at whatever byte", async () => {
    const first = await open();
    await leave(first, 1);
    await first.close();
    const whole = (await readFile(auditPath(home))).length;
    const second = await open();
    await leave(second, 2);
    await second.close();
    const bytes = await readFile(auditPath(home));
    for (let at = whole + 1; at < bytes.length; at += 41) {
      await writeFile(auditPath(home), bytes.subarray(0, at));
      const cut = bytes[at - 1] !== 10;
      expect(await verdict()).toMatchObject({ ok: true, torn: cut });
      const audit = await open();
      await leave(audit, 3);
      await audit.close();
      expect(await verdict()).toMatchObject({ ok: true, torn: false });
    }
  });

  it("[A3] names what was altered in the file, and is never healed of that", async () => {
    const audit = await open();
    for (const round of [1, 2, 3]) await leave(audit, round);
    await audit.close();
    const text = await readFile(auditPath(home), "utf8");
    await writeFile(auditPath(home), text.replace('"round":2', '"round":9'));
    expect(await verdict()).toMatchObject({ ok: false, seq: 2 });
    const later = await open();
    await leave(later, 4);
    await later.close();
    expect(later.altered).toContain("entry 2");
    expect((await readFile(auditPath(home), "utf8")).split("\n").filter((line) => line.startsWith('{"head"'))).toHaveLength(1);
    expect(await verdict()).toMatchObject({ ok: false, seq: 2 });
    await writeFile(auditPath(home), text.split("\n").toSpliced(3, 1).join("\n"));
    expect(await verdict()).toMatchObject({ ok: false, seq: 3 });
    await truncate(auditPath(home), 0);
    await appendFile(auditPath(home), "nonsense\n");
    expect(await verdict()).toMatchObject({ ok: false, seq: 1 });
  });

  it("[A7] is signed by the site's key once a day", async () => {
    const audit = await open();
    const heads = async () => (await readFile(auditPath(home), "utf8")).split("\n").filter((line) => line.startsWith('{"head"')).length;
    await audit.sign("daily");
    expect(await heads()).toBe(0);
    await leave(audit, 1);
    await audit.sign("daily");
    expect(await heads()).toBe(1);
    await leave(audit, 2);
    await audit.sign("daily");
    expect(await heads()).toBe(1);
    clock += 86_400_000;
    await audit.sign("daily");
    expect(await heads()).toBe(2);
    await audit.close();
    expect(await verdict()).toMatchObject({ ok: true, heads: 2 });
  });

  it("begins anew under another key, and keeps the old log beside it", async () => {
    const audit = await open();
    await leave(audit, 1);
    await audit.close();
    const other = identityFromSeed(new Uint8Array(32).fill(9));
    const next = await open({ ...membership, identity: other });
    await leave(next, 1);
    await next.close();
    expect(await verifyAudit(auditFileLines(home), { key: other.publicKey })).toMatchObject({ ok: true, entries: 1 });
    expect(await readFile(`${auditPath(home)}.${clock}.old`, "utf8")).toContain("heart.1");
  });
});
