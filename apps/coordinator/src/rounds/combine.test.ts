import { mkdtemp, open, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { isRefusal } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { addScaled, applyMean, measureSlice, NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import type { BlobRef } from "@engraft/core/rounds/events";
import { BlobStore } from "@engraft/runtime/blobs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { combine } from "./combine.ts";
import { measure } from "./measure.ts";

/** More than one slice of 1 MiB, and no multiple of it. */
const LENGTH = 600_001;
let dir: string;
let blobs: BlobStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-combine-"));
  blobs = await BlobStore.open(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const wave = (step: number): Float32Array => Float32Array.from({ length: LENGTH }, (_, index) => Math.sin(index * step));

describe("combining", () => {
  it("[R13] is the checkpoint plus the mean weighted by sample count, bit for bit as in one piece", async () => {
    const start = wave(0.1);
    const updates = [
      { site: "anna" as SiteName, values: wave(0.01), sampleCount: 300 },
      { site: "berta" as SiteName, values: wave(0.02), sampleCount: 100 },
      { site: "clara" as SiteName, values: wave(0.03), sampleCount: 3 },
    ];
    const inputs = await Promise.all(
      updates.map(async ({ site, values, sampleCount }) => ({ site, sampleCount, update: await blobs.put(float32Bytes(values)) })),
    );
    const ref = await combine(blobs, {
      owe: "combine",
      run: "x.1" as RunId,
      round: 1,
      checkpoint: await blobs.put(float32Bytes(start)),
      inputs,
    });
    if (isRefusal(ref)) throw new Error(ref.text);
    const mean = new Float64Array(LENGTH);
    for (const { values, sampleCount } of updates) addScaled(mean, values, sampleCount / 403);
    const expected = start.slice();
    applyMean(expected, mean);
    expect(Buffer.compare(await blobs.read(ref.digest), float32Bytes(expected))).toBe(0);
  });

  const due = async (change: (refs: { checkpoint: BlobRef; update: BlobRef }) => Promise<void>) => {
    // Longer than a slice, with its fault in the last one.
    const checkpoint = await blobs.put(float32Bytes(wave(Math.random())));
    const update = await blobs.put(float32Bytes(wave(Math.random())));
    await change({ checkpoint, update });
    const inputs = [{ site: "anna" as SiteName, sampleCount: 1, update }];
    return combine(blobs, { owe: "combine", run: "x.1" as RunId, round: 1, checkpoint, inputs });
  };
  const flip = async ({ digest, bytes }: BlobRef): Promise<void> => {
    const file = await open(blobs.path(digest), "r+");
    await file.write(Uint8Array.of(0x5a), 0, 1, bytes - 3);
    await file.close();
  };
  const stored = async (): Promise<number> => (await blobs.list()).length;

  it("[S13] of an update that is gone or damaged is refused by the site's name: no checkpoint is made of it", async () => {
    const gone = await due(({ update }) => blobs.remove(update.digest));
    expect(gone).toMatchObject({ ok: false, code: "blob-missing", text: expect.stringContaining("anna") });
    const before = await stored();
    const damaged = await due(({ update }) => flip(update));
    expect(damaged).toMatchObject({ ok: false, code: "digest-mismatch", text: expect.stringContaining("anna") });
    const cut = await due(({ update }) => truncate(blobs.path(update.digest), 1000));
    expect(cut).toMatchObject({ ok: false, code: "digest-mismatch" });
    // Two vectors each time, and nothing that was made of them.
    expect(await stored()).toBe(before + 4);
  });

  it("[S13] from a checkpoint that is gone or damaged waits: it can be put back", async () => {
    await expect(due(({ checkpoint }) => blobs.remove(checkpoint.digest))).rejects.toMatchObject({ code: "blob-missing" });
    await expect(due(({ checkpoint }) => flip(checkpoint))).rejects.toMatchObject({ code: "digest-mismatch" });
  });
});

describe("measuring", () => {
  it("[R6] sees what the whole vector has, in whichever slice it is", async () => {
    const values = wave(0.5);
    const { digest } = await blobs.put(float32Bytes(values));
    const whole = measureSlice(NOTHING_MEASURED, values);
    const measured = await measure(blobs, digest);
    expect(measured.finite).toBe(true);
    expect(measured.sumOfSquares).toBeCloseTo(whole.sumOfSquares, 6);
    values[LENGTH - 1] = Number.NaN;
    const { digest: broken } = await blobs.put(float32Bytes(values));
    expect((await measure(blobs, broken)).finite).toBe(false);
    expect(toFloat32(await blobs.read(broken)).at(-1)).toBeNaN();
  });
});
