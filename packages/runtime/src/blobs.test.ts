import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "@engraft/core/crypto/digest";
import { BlobStore } from "./blobs.ts";
import { namedStorageFault, storageFault } from "./files.ts";

const DAY = 86_400_000;
let dir = "";
let store: BlobStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-blobs-"));
  store = await BlobStore.open(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const partials = (): Promise<readonly string[]> => readdir(join(dir, "partial"));
const makeOld = async (path: string): Promise<void> => utimes(path, new Date(Date.now() - 2 * DAY), new Date(Date.now() - 2 * DAY));
const errno = (code: string): Error => Object.assign(new Error(`${code}: what the system said`), { code });

describe("a damaged blob", () => {
  it("[S13] is not taken for the one it was, and is written anew", async () => {
    const bytes = randomBytes(1000);
    const ref = await store.put(bytes);
    const damaged = Uint8Array.from(bytes);
    damaged[500] = (damaged[500] ?? 0) ^ 1;
    await writeFile(store.path(ref.digest), damaged);
    // As after a restart: nothing is known of what lies there.
    const again = await BlobStore.open(dir);
    await expect(again.mustBeWhole(ref)).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(await again.has(ref)).toBe(false);
    expect(await again.put(bytes)).toEqual(ref);
    expect(sha256(await again.read(ref.digest))).toBe(ref.digest);
    await expect(again.mustBeWhole(ref)).resolves.toBeUndefined();
  });

  it("[S13] that is damaged later is found once it is doubted, and one of another length or that is gone at once", async () => {
    const ref = await store.put(new Uint8Array([1, 2, 3]));
    await writeFile(store.path(ref.digest), new Uint8Array([1, 2, 4]));
    store.doubt(ref.digest);
    await expect(store.mustBeWhole(ref)).rejects.toMatchObject({ code: "digest-mismatch" });
    await writeFile(store.path(ref.digest), new Uint8Array([1, 2]));
    await expect(store.mustBeWhole(ref)).rejects.toMatchObject({ code: "digest-mismatch" });
    await rm(store.path(ref.digest));
    await expect(store.mustBeWhole(ref)).rejects.toMatchObject({ code: "blob-missing" });
    // Once it is put back, an answer to the damaged one may still be on its way.
    expect(store.wasWrong(ref.digest, 60_000)).toBe(true);
    expect(store.wasWrong(sha256("another"), 60_000)).toBe(false);
  });
});

describe("two receivers of one blob from one source", () => {
  it("[T3] the newer one goes on and the older one writes no more", async () => {
    const bytes = randomBytes(300_000);
    const ref = { digest: sha256(bytes), bytes: bytes.byteLength };
    const older = await store.receiver(ref, "site");
    const underWay = older.append(bytes.subarray(0, 100_000));
    const newer = await store.receiver(ref, "site");
    await underWay;
    expect(newer.held).toBe(100_000);
    await expect(older.append(bytes.subarray(100_000))).rejects.toMatchObject({ code: "link-lost" });
    await older.suspend();
    await newer.append(bytes.subarray(100_000));
    await newer.finish();
    expect(sha256(await store.read(ref.digest))).toBe(ref.digest);
  });
});

describe("what is collected", () => {
  it("[S16] is no blob that was written or relied on since", async () => {
    const bytes = new Uint8Array([7, 7, 7]);
    const ref = await store.put(bytes);
    const before = Date.now() - DAY;
    expect(await store.collect(ref.digest, before)).toBe(false);
    await makeOld(store.path(ref.digest));
    // Somebody writes the same bytes, finds them here, and relies on them.
    await store.put(bytes);
    expect(await store.collect(ref.digest, before)).toBe(false);
    // Another process of a later day, which knows only what the disk says.
    const later = await BlobStore.open(dir);
    expect(await later.collect(ref.digest, before)).toBe(false);
    await makeOld(store.path(ref.digest));
    expect(await later.collect(ref.digest, before)).toBe(true);
    expect(await later.collect(ref.digest, before)).toBe(false);
    expect(await later.size(ref.digest)).toBeUndefined();
  });

  it("[S16] is never a blob that is put at the same time", async () => {
    for (let time = 0; time < 50; time++) {
      const bytes = randomBytes(64);
      const digest = sha256(bytes);
      await store.put(bytes);
      await makeOld(store.path(digest));
      const fresh = await BlobStore.open(dir);
      const [collected] = await Promise.all([fresh.collect(digest, Date.now() - DAY), fresh.put(bytes)]);
      expect({ collected, there: await fresh.size(digest) }).toMatchObject({ there: 64 });
    }
  });

  it("[S16] partial files: of a blob without a name at once, others after their time, never one that is written", async () => {
    const ref = { digest: sha256("x"), bytes: 100 };
    const [stale, fresh, writing] = [await store.receiver(ref, "a"), await store.receiver(ref, "b"), await store.receiver(ref, "c")];
    for (const receiver of [stale, fresh, writing]) await receiver.append(new Uint8Array(10));
    await stale.suspend();
    await fresh.suspend();
    await writeFile(join(dir, "partial", "new-0123"), "left by a crash");
    for (const source of ["a", "c"]) await makeOld(join(dir, "partial", `${ref.digest}.${source}`));
    expect(await store.sweepPartial(Date.now() - DAY)).toBe(2);
    expect([...(await partials())].sort()).toEqual([`${ref.digest}.b`, `${ref.digest}.c`]);
    await writing.append(new Uint8Array(10));
    await writing.suspend();
    expect((await stat(join(dir, "partial", `${ref.digest}.c`))).size).toBe(20);
  });
});

describe("faults of the disk", () => {
  it.each(["ENOSPC", "EDQUOT", "EFBIG"])("[S10] %s is a full disk", (code) => {
    expect(namedStorageFault(errno(code), "/data/x")).toMatchObject({ code: "disk-full" });
  });

  it.each(["EROFS", "EACCES", "EPERM", "EIO"])("[S12] %s is a disk that cannot be used", (code) => {
    expect(namedStorageFault(errno(code), "/data/x")).toMatchObject({ code: "disk-fault" });
  });

  it("every other error is passed on as it is", () => {
    const other = errno("ENOENT");
    expect(namedStorageFault(other, "/data/x")).toBeUndefined();
    expect(() => storageFault(other, "/data/x")).toThrow(other);
  });

  it("[S10] a blob that would take of what is kept free for others is refused before anything is written", async () => {
    const greedy = await BlobStore.open(join(dir, "greedy"), { reserve: Number.MAX_SAFE_INTEGER / 2 });
    await expect(greedy.put(new Uint8Array(10))).rejects.toMatchObject({ code: "disk-full" });
    await expect(greedy.receiver({ digest: sha256("x"), bytes: 10 }, "a")).rejects.toMatchObject({ code: "disk-full" });
    expect(await greedy.list()).toEqual([]);
    expect(await greedy.sweepPartial(Date.now() + DAY)).toBeLessThanOrEqual(1);
  });
});
