import { mkdtemp, open, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { isRefusal } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { addScaled, applyMean, measureSlice, NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
import { addDistances, krumChoice, noDistances } from "@engraft/core/aggregation/krum";
import { initialState, serverStep } from "@engraft/core/aggregation/server-step";
import type { Plan } from "@engraft/core/models/plan";
import type { BlobRef } from "@engraft/core/rounds/events";
import { BlobStore } from "@engraft/runtime/blobs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { combine } from "./combine.ts";
import type { Standing } from "./next-checkpoint.ts";
import { measure } from "./measure.ts";

/** More than one slice of 1 MiB, and no multiple of it. */
const LENGTH = 600_001;
const whole = (vectors: readonly Float32Array[]): Float64Array => {
  const distances = noDistances(vectors.length);
  addDistances(distances, vectors);
  return distances;
};
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
    const next = await combine(blobs, {
      owe: "combine",
      run: "x.1" as RunId,
      round: 1,
      checkpoint: await blobs.put(float32Bytes(start)),
      serverState: null,
      sites: 3,
      inputs,
    });
    if (isRefusal(next)) throw new Error(next.text);
    expect(next.serverState).toBeNull();
    const mean = new Float64Array(LENGTH);
    for (const { values, sampleCount } of updates) addScaled(mean, values, sampleCount / 403);
    const expected = start.slice();
    applyMean(expected, mean);
    expect(Buffer.compare(await blobs.read(next.checkpoint.digest), float32Bytes(expected))).toBe(0);
  });

  /** Updates of seven sites, one of them far off. */
  const seven = (): Promise<{ readonly values: Float32Array; readonly update: BlobRef }[]> =>
    Promise.all(
      Array.from({ length: 7 }, async (_, site) => {
        const values = wave(0.01 * (site + 1)).map((value) => (site === 4 ? 1e6 : 1) * value);
        return { values, update: await blobs.put(float32Bytes(values)) };
      }),
    );
  const combined = async (
    strategy: Plan["strategy"],
    before: Standing,
    updates: readonly { readonly update: BlobRef }[],
  ): Promise<Standing> => {
    const inputs = updates.map(({ update }, site) => ({ site: `s${site}` as SiteName, sampleCount: 10 * (site + 1), update }));
    const next = await combine(blobs, { owe: "combine", run: "x.1" as RunId, round: 1, ...before, sites: 7, inputs }, strategy);
    if (isRefusal(next)) throw new Error(next.text);
    return next;
  };
  const read = async ({ digest }: BlobRef): Promise<Float32Array> => toFloat32(await blobs.read(digest));

  it("[R25] under a server optimizer goes on from the state that is kept beside the checkpoint, bit for bit as in one piece", async () => {
    const strategy = { name: "fedyogi", serverRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.001 } as const;
    const step = serverStep(strategy, { values: LENGTH, share: 1 });
    const expected = { checkpoint: wave(0.1), state: initialState(step, LENGTH) };
    let standing: Standing = { checkpoint: await blobs.put(float32Bytes(wave(0.1))), serverState: null };
    const updates = await seven();
    for (let round = 0; round < 3; round++) {
      standing = await combined(strategy, standing, updates);
      const mean = new Float64Array(LENGTH);
      for (const [site, { values }] of updates.entries()) addScaled(mean, values, (10 * (site + 1)) / 280);
      step.apply({ from: 0, mean, ...expected });
    }
    expect(Buffer.compare(float32Bytes(await read(standing.checkpoint)), float32Bytes(expected.checkpoint))).toBe(0);
    expect(Buffer.compare(float32Bytes(await read(standing.serverState as BlobRef)), float32Bytes(expected.state))).toBe(0);
    // Without the state, or with a damaged one, no checkpoint is made: it is waited for.
    await blobs.remove((standing.serverState as BlobRef).digest);
    await expect(combined(strategy, standing, updates)).rejects.toMatchObject({ code: "blob-missing" });
  });

  it.each([{ name: "median" }, { name: "trimmed-mean", liars: 2 }, { name: "krum", liars: 2, keep: 3 }] as const)(
    "[R26] by $name is not moved by a site that is far off, whatever sample count it claims",
    async (strategy) => {
      const updates = await seven();
      const start = await blobs.put(float32Bytes(new Float32Array(LENGTH)));
      const next = await read((await combined(strategy, { checkpoint: start, serverState: null }, updates)).checkpoint);
      expect(next.every((value) => Math.abs(value) <= 1)).toBe(true);
      expect(next.some((value) => Math.abs(value) > 0.1)).toBe(true);
      // The whole vectors are compared, not slices: three whole updates are averaged.
      if (strategy.name !== "krum") return;
      const closest = krumChoice(whole(updates.map(({ values }) => values)), 2, 3);
      const mean = (i: number): number => closest.reduce((sum, site) => sum + (updates[site]?.values[i] as number) / 3, 0);
      for (const i of [0, LENGTH >> 1, LENGTH - 1]) expect(next[i]).toBeCloseTo(mean(i), 5);
    },
  );

  const due = async (change: (refs: { checkpoint: BlobRef; update: BlobRef }) => Promise<void>) => {
    // Longer than a slice, with its fault in the last one.
    const checkpoint = await blobs.put(float32Bytes(wave(Math.random())));
    const update = await blobs.put(float32Bytes(wave(Math.random())));
    await change({ checkpoint, update });
    const inputs = [{ site: "anna" as SiteName, sampleCount: 1, update }];
    return combine(blobs, { owe: "combine", run: "x.1" as RunId, round: 1, checkpoint, serverState: null, sites: 1, inputs });
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
