import { appendFile, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { seal } from "@engraft/core/crypto/envelope";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import type { Approval } from "@engraft/core/protocol/messages";
import { BlobStore } from "@engraft/runtime/blobs";
import { makePlan, offerOf, planDigest } from "../plan.fixture.ts";
import { findDecision, markRecorded, saveDecision } from "./decisions.ts";
import type { Membership } from "./federation.ts";
import { ensureIdentity, loadIdentity } from "./identity.ts";
import { Journal } from "./journal.ts";
import { Outbox, type StoredAnswer } from "./outbox.ts";
import { pausedSince, pauseSite, resumeSite } from "./participation.ts";
import { findPlan, resolvePlan, savePlan, understandOffer } from "./plans.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engraft-vault-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function membership(): Promise<Membership> {
  const identity = await ensureIdentity(home);
  const coordinator = identityFromSeed(new Uint8Array(32).fill(1)).publicKey;
  return {
    identity,
    federation: {
      format: "engraft.federation/1",
      url: "http://localhost:1",
      coordinator,
      site: "vienna" as SiteName,
      invite: "i",
      joinedAt: 1,
      ca: null,
    },
  };
}

describe("identity", () => {
  it("is made once and stays the same", async () => {
    const made = await ensureIdentity(home);
    expect((await ensureIdentity(home)).publicKey).toBe(made.publicKey);
    expect(await loadIdentity(home)).toEqual(made);
  });

  it("is refused where others can read it, or key and seed do not belong together", async () => {
    await ensureIdentity(home);
    const file = join(home, "identity.json");
    await chmod(file, 0o644);
    await expect(loadIdentity(home)).rejects.toMatchObject({ code: "bad-config" });
    await chmod(file, 0o600);
    const stored = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...stored, publicKey: identityFromSeed(new Uint8Array(32)).publicKey }));
    await expect(loadIdentity(home)).rejects.toThrow(/do not belong together/);
    await writeFile(file, "{");
    await expect(loadIdentity(home)).rejects.toMatchObject({ code: "bad-config" });
    // What the file held is not repeated.
    await expect(loadIdentity(home)).rejects.not.toThrow(stored.seed);
  });
});

describe("plans", () => {
  const plan = makePlan();
  const digest = planDigest(plan);

  const keep = async (): Promise<void> => {
    const understood = understandOffer(offerOf(plan));
    if (!understood.ok) throw new Error(understood.text);
    expect(await savePlan(home, understood.offered, 1)).toEqual({ news: true });
    expect(await savePlan(home, understood.offered, 2)).toEqual({ news: false });
  };

  it("are found by the start of their digest", async () => {
    await keep();
    expect((await resolvePlan(home, digest.slice(0, 8))).digest).toBe(digest);
    await expect(resolvePlan(home, "000000")).rejects.toMatchObject({ code: "plan-unknown" });
    await expect(resolvePlan(home, "../etc")).rejects.toMatchObject({ code: "bad-input" });
  });

  it("[P1] with one changed value in the file are not the plan of that digest any more", async () => {
    await keep();
    const file = join(home, "plans", `${digest}.json`);
    await writeFile(file, (await readFile(file, "utf8")).replace('\\"batch\\":8', '\\"batch\\":9'));
    await expect(findPlan(home, digest)).rejects.toMatchObject({ code: "bad-config" });
  });

  it("that are not in canonical form are refused: their digest would be of another text", () => {
    const offer = offerOf(plan);
    expect(understandOffer({ ...offer, plan: JSON.stringify(JSON.parse(offer.plan), undefined, 1) })).toMatchObject({
      code: "plan-invalid",
    });
    expect(understandOffer({ ...offer, manifest: `${offer.manifest} ` })).toMatchObject({ code: "plan-invalid" });
  });
});

describe("decisions", () => {
  const plan = planDigest(makePlan());
  const approval = (decision: Approval["decision"]): Approval => ({
    plan,
    decision,
    siteMetrics: false,
    reason: null,
    steward: "Dr. A",
    at: 1,
  });

  it("are read back exactly as signed, and recorded only as the decision they are", async () => {
    const member = await membership();
    const saved = await saveDecision(home, member, approval("approved"), { data: "main", engine: "wasm" });
    expect(await findDecision(home, member, plan)).toEqual(saved);
    expect(await markRecorded(home, member, plan, "refused")).toBe(false);
    expect(await markRecorded(home, member, plan, "approved")).toBe(true);
    expect(await findDecision(home, member, plan)).toMatchObject({ recorded: true, data: "main", engine: "wasm" });
    await saveDecision(home, member, approval("refused"), { data: null });
    expect(await findDecision(home, member, plan)).toMatchObject({ recorded: false, approval: { decision: "refused" } });
  });

  it("[E1] that this site did not sign for this federation do not count", async () => {
    const member = await membership();
    await saveDecision(home, member, approval("approved"), { data: null });
    const file = join(home, "decisions", `${plan}.json`);
    const stored = JSON.parse(await readFile(file, "utf8"));
    for (const statement of [
      seal(identityFromSeed(new Uint8Array(32).fill(2)), "approval", member.federation.coordinator, approval("approved")),
      seal(member.identity, "approval", "another federation", approval("approved")),
      seal(member.identity, "approval", member.federation.coordinator, { ...approval("approved"), plan: "0".repeat(64) }),
    ]) {
      await writeFile(file, JSON.stringify({ ...stored, statement }));
      await expect(findDecision(home, member, plan)).rejects.toMatchObject({ code: "bad-config" });
    }
  });
});

describe("outbox", () => {
  const digest = planDigest(makePlan());
  const answer = async (blobs: BlobStore, round: number, bytes: Uint8Array): Promise<StoredAnswer> => ({
    run: "tiny-head.1" as RunId,
    round,
    kind: "train",
    checkpoint: digest,
    blob: await blobs.put(bytes),
    statement: seal(identityFromSeed(new Uint8Array(32)), "update", "f", { round }),
  });

  it("[S5] keeps statement and update over a restart, byte for byte", async () => {
    const blobs = await BlobStore.open(join(home, "store"));
    const stored = await answer(blobs, 1, Uint8Array.of(1, 2));
    await (await Outbox.open(home, blobs)).put(stored);
    const reopened = await Outbox.open(home, blobs);
    expect(reopened.find({ run: stored.run, round: 1, kind: "train", checkpoint: { digest } })).toEqual(stored);
    expect(
      reopened.find({
        run: stored.run,
        round: 1,
        kind: "train",
        checkpoint: { digest: planDigest(makePlan((plan) => ({ ...plan, version: 2 }))) },
      }),
    ).toBeUndefined();
  });

  it("[T5] lets out what waits and nothing else; equal updates of two rounds stay until both are settled", async () => {
    const blobs = await BlobStore.open(join(home, "store"));
    const outbox = await Outbox.open(home, blobs);
    const [first, second] = [await answer(blobs, 1, Uint8Array.of(7)), await answer(blobs, 2, Uint8Array.of(7))];
    const update = first.blob?.digest ?? "";
    expect(outbox.mayLeave(update)).toBe(false);
    await outbox.put(first);
    await outbox.put(second);
    await outbox.remove(first);
    expect([outbox.mayLeave(update), await blobs.size(update)]).toEqual([true, 1]);
    await outbox.remove(second);
    expect([outbox.mayLeave(update), await blobs.size(update)]).toEqual([false, undefined]);
    expect(await readdir(join(home, "outbox"))).toEqual([]);
  });

  it("drops an answer whose update is gone: it was settled before the crash", async () => {
    const blobs = await BlobStore.open(join(home, "store"));
    const stored = await answer(blobs, 1, Uint8Array.of(1, 2));
    await (await Outbox.open(home, blobs)).put(stored);
    await blobs.remove(stored.blob?.digest ?? "");
    const reopened = await Outbox.open(home, blobs);
    expect(reopened.all()).toEqual([]);
    expect(reopened.mayLeave(stored.blob?.digest ?? "")).toBe(false);
  });
});

it("pausing outlives the process and keeps its first time", async () => {
  expect(await pausedSince(home)).toBeUndefined();
  await pauseSite(home, 5);
  expect(await pausedSince(home)).toBe(5);
  await resumeSite(home);
  await resumeSite(home);
  expect(await pausedSince(home)).toBeUndefined();
});

describe("the journal for the site's own people", () => {
  it("[S11] says what it lacks where it could not be written, and goes on with whole lines", async () => {
    const path = join(home, "journal.jsonl");
    const journal = new Journal(home, () => 7);
    journal.add({ what: "first" });
    await journal.flush();
    // In its place something that nothing can be appended to.
    await rename(path, `${path}.away`);
    await mkdir(path);
    journal.add({ what: "lost" });
    journal.add({ what: "lost too" });
    await journal.flush();
    await rmdir(path);
    await rename(`${path}.away`, path);
    await appendFile(path, '{"at":7,"what":"los');
    journal.add({ what: "second" });
    journal.add({ what: "third" });
    await journal.flush();
    const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line.endsWith("}"));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { at: 7, what: "first" },
      { at: 7, what: "journal.gap", missing: 2 },
      { at: 7, what: "second" },
      { at: 7, what: "third" },
    ]);
  });
});
