import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { addScaled, applyMean, measureSlice, NOTHING_MEASURED } from "@engraft/core/aggregation/mean";
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
    const mean = new Float64Array(LENGTH);
    for (const { values, sampleCount } of updates) addScaled(mean, values, sampleCount / 403);
    const expected = start.slice();
    applyMean(expected, mean);
    expect(Buffer.compare(await blobs.read(ref.digest), float32Bytes(expected))).toBe(0);
  });

  it("names a blob that is gone", async () => {
    const checkpoint = await blobs.put(float32Bytes(Float32Array.of(1)));
    const gone = { digest: "f".repeat(64) as typeof checkpoint.digest, bytes: 4 };
    await expect(
      combine(blobs, {
        owe: "combine",
        run: "x.1" as RunId,
        round: 1,
        checkpoint,
        inputs: [{ site: "anna" as SiteName, sampleCount: 1, update: gone }],
      }),
    ).rejects.toMatchObject({ code: "blob-missing" });
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
