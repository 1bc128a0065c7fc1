/** The frozen trunk: what is refused, what it computes, and that features are kept and never mixed up. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { isRefusal } from "@engraft/core/base/errors";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseFromOnnx, type FromOnnxOptions } from "../import/from-onnx.ts";
import { fileInputOf, laidOut, type FileInput } from "../data/file-input.ts";
import { pictureSample } from "../data/images/sample.ts";
import { checkOnnx } from "./check-onnx.ts";
import { CHANNELS, encoderFile, encoderGraph, shapeConstant, SIZE } from "./encoder.fixture.ts";
import { FeatureCache } from "./feature-cache.ts";
import { encoderFromFile } from "./encoder.ts";
import { featuresOf } from "./features.ts";
import { readOnnx, writeOnnx } from "../onnx/file.ts";
import { pooled } from "./pool.ts";
import { referenceInput } from "./reference.ts";
import { openTrunk } from "./trunk.ts";

const options: FromOnnxOptions = {
  name: "colours",
  version: "1.0",
  title: "Colours",
  description: "",
  licence: "none",
  origin: "a test",
  field: { name: "image", title: "Picture" },
  mean: [0, 0, 0],
  sd: [255, 255, 255],
  layout: "nchw",
  cut: "features",
  pool: "mean-over-space",
  label: { name: "red", title: "Red", positive: ["1"], negative: ["0"] },
  split: null,
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-trunk-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function picture(name: string, background: { r: number; g: number; b: number }, side = 20): Promise<string> {
  const path = join(dir, name);
  await sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toFile(path);
  return path;
}

const FIELD = { kind: "image", name: "image", title: "Picture" } as const;
const ruleOf = (manifest: Manifest) => {
  const rule = manifest.inputs[0];
  if (rule?.kind !== "image") throw new Error("no picture");
  return rule;
};

describe("an ONNX encoder", () => {
  it("[B3] becomes a trunk that is cut at a named tensor, with a head of zeros on it", async () => {
    const { manifest, weights, trunk } = await baseFromOnnx(encoderFile(), options);
    expect(manifest.trunk).toMatchObject({ features: CHANNELS, output: { name: "features" }, onnx: { digest: sha256(trunk) } });
    expect(manifest.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ["head/kernel", [CHANNELS, 1]],
      ["head/bias", [1]],
    ]);
    expect(weights.byteLength).toBe(manifest.weights.bytes);
    const kept = readOnnx(trunk).graph;
    expect(kept.node.map(({ op_type }) => op_type)).toEqual(["Conv", "Relu"]);
    expect(kept.initializer.map(({ name }) => name)).toEqual(["kernel"]);
  });

  it("[B3] computes what its convolution says, whatever the batch", async () => {
    const { manifest, trunk } = await baseFromOnnx(encoderFile(), options);
    const running = await openTrunk(manifest.trunk as NonNullable<Manifest["trunk"]>, [3, SIZE, SIZE], trunk);
    const samples = referenceInput(40 * running.inputSize);
    const all = await running.run(samples, 40);
    expect(all).toHaveLength(40 * CHANNELS);
    for (const at of [0, 31, 32, 39]) {
      const one = await running.run(samples.slice(at * running.inputSize, (at + 1) * running.inputSize), 1);
      one.forEach((value, index) => expect(value).toBeCloseTo(all[at * CHANNELS + index] as number, 5));
    }
    const first = await running.run(samples.slice(0, running.inputSize), 1);
    byHand(samples).forEach((value, index) => expect(first[index]).toBeCloseTo(value, 5));
    await running.close();
  });

  it("[B4] whose features of the reference input differ, or whose bytes do, is not used", async () => {
    const { manifest, trunk } = await baseFromOnnx(encoderFile(), options);
    const known = manifest.trunk as NonNullable<Manifest["trunk"]>;
    const other = { ...known, reference: { ...known.reference, features: known.reference.features.map((value) => value + 0.01) } };
    await expect(openTrunk(other, [3, SIZE, SIZE], trunk)).rejects.toThrow("does not compute here what it did");
    const flipped = Uint8Array.from(trunk);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 1;
    await expect(openTrunk(known, [3, SIZE, SIZE], flipped)).rejects.toThrow("not the one that the manifest names");
  });

  it("[B3] of the wrong shape, or cut where nothing is, is refused with what to do", async () => {
    await expect(baseFromOnnx(encoderFile(), { ...options, cut: "nowhere" })).rejects.toThrow("The last ones of the graph are");
    await expect(baseFromOnnx(encoderFile(), { ...options, layout: "nhwc" })).rejects.toThrow("--layout nchw");
    await expect(baseFromOnnx(encoderFile(), { ...options, mean: [0], sd: [1] })).rejects.toThrow("--mean and --sd");
    await expect(baseFromOnnx(encoderFile(), { ...options, pool: "first-token" })).rejects.toThrow("samples, tokens and features");
    await expect(baseFromOnnx(new Uint8Array([1, 2, 3]), options)).rejects.toThrow("not an ONNX file");
  });
});

/** Mean over space of relu(conv(x)), in plain loops. */
function byHand(x: Float32Array): number[] {
  const kernel = encoderGraph().initializer[0]?.raw_data as Uint8Array;
  const weights = new Float32Array(Uint8Array.from(kernel).buffer);
  return Array.from({ length: CHANNELS }, (_, out) => {
    let sum = 0;
    for (let row = 0; row < SIZE; row++)
      for (let column = 0; column < SIZE; column++) {
        let value = 0;
        for (let channel = 0; channel < 3; channel++)
          for (let tap = 0; tap < 9; tap++) {
            const [r, c] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
            if (r < 0 || c < 0 || r >= SIZE || c >= SIZE) continue;
            value += (weights[out * 27 + channel * 9 + tap] as number) * (x[channel * SIZE * SIZE + r * SIZE + c] as number);
          }
        sum += Math.max(0, value);
      }
    return sum / (SIZE * SIZE);
  });
}

describe("a hostile ONNX file", () => {
  const bad = (change: Parameters<typeof encoderFile>[0]): string => {
    const bytes = encoderFile(change);
    const refused = checkOnnx(readOnnx(bytes), bytes.byteLength);
    return isRefusal(refused) ? refused.text : "accepted";
  };
  type Change = NonNullable<Parameters<typeof encoderFile>[0]>;
  const withNode =
    (node: object, more: object = {}): Change =>
    (model) => ({ ...model, graph: { ...model.graph, ...more, node: [...model.graph.node, node] } });
  const external = {
    name: "secret",
    dims: [4],
    data_type: 1,
    external_data: [{ key: "location", value: "../../etc/passwd" }],
    data_location: 1,
  };

  it.each<[string, Change, string]>([
    [
      "data in another file",
      (model) => ({ ...model, graph: { ...model.graph, initializer: [...model.graph.initializer, external] } }),
      "another file",
    ],
    [
      "such data in an attribute",
      withNode({ op_type: "Constant", output: ["c"], attribute: [{ name: "value", t: external, type: 4 }] }),
      "another file",
    ],
    ["an operator of somebody's own", withNode({ op_type: "Shell", domain: "evil", input: ["flat"], output: ["x"] }), "standard operators"],
    ["another set of operators", (model) => ({ ...model, opset_import: [{ domain: "evil", version: 1 }] }), "standard operators"],
    ["functions", (model) => ({ ...model, functions: [{ name: "f" }] }), "operators of its own"],
    ["a training graph", (model) => ({ ...model, training_info: [{}] }), "training graph"],
    ["random numbers", withNode({ op_type: "RandomNormal", output: ["r"] }), "random numbers"],
    ["a loop", withNode({ op_type: "Loop", input: ["flat"], output: ["x"] }), "might never end"],
    [
      "a loop in a branch",
      withNode({
        op_type: "If",
        input: ["flat"],
        output: ["x"],
        attribute: [{ name: "then_branch", g: { node: [{ op_type: "Scan" }] }, type: 5 }],
      }),
      "might never end",
    ],
    [
      "a gigantic tensor",
      withNode({ op_type: "ConstantOfShape", input: ["big"], output: ["x"] }, { initializer: [shapeConstant("big", [100_000, 100_000])] }),
      "more than 268435456 values",
    ],
    [
      "a gigantic constant",
      (model) => ({ ...model, graph: { ...model.graph, initializer: [{ name: "k", dims: [1e6, 1e6], data_type: 1 }] } }),
      "is too large",
    ],
    ["sparse tensors", (model) => ({ ...model, graph: { ...model.graph, sparse_initializer: [{ dims: [1] }] } }), "sparse"],
    ["two inputs", (model) => ({ ...model, graph: { ...model.graph, input: [...model.graph.input, ...model.graph.output] } }), "2 inputs"],
  ])("[B5] with %s is refused", (_what, change, text) => {
    expect(bad(change)).toContain(text);
  });

  it("[B5] of more than the limit, cut off, or nested without end is refused too", () => {
    const model = readOnnx(encoderFile());
    expect(isRefusal(checkOnnx(model, 2 ** 31))).toBe(true);
    const bytes = encoderFile();
    for (let length = 0; length < bytes.length; length += 7) {
      try {
        checkOnnx(readOnnx(bytes.subarray(0, length)), length);
      } catch (error) {
        expect(String(error)).toContain("not an ONNX file");
      }
    }
    let graph: object = { node: [{ op_type: "Relu" }] };
    for (let depth = 0; depth < 12; depth++) graph = { node: [{ op_type: "If", attribute: [{ name: "then_branch", g: graph, type: 5 }] }] };
    const nested = readOnnx(writeOnnx({ ir_version: 9, opset_import: [], graph }));
    expect(JSON.stringify(checkOnnx(nested, 100))).toContain("nested too deeply");
  });
});

describe("pooling", () => {
  const values = Float32Array.from({ length: 24 }, (_, index) => index);

  it("gives means over space or tokens, the first token, or everything", () => {
    expect([...pooled(values, [2, 3, 2, 2], 2, "mean-over-space")]).toEqual([1.5, 5.5, 9.5, 13.5, 17.5, 21.5]);
    expect([...pooled(values, [2, 3, 4], 2, "first-token")]).toEqual([0, 1, 2, 3, 12, 13, 14, 15]);
    expect([...pooled(values, [2, 3, 4], 2, "mean-over-tokens")]).toEqual([4, 5, 6, 7, 16, 17, 18, 19]);
    expect(pooled(values, [2, 12], 2, "none")).toEqual(values);
    expect(() => pooled(values, [3, 8], 2, "none")).toThrow("2 samples first");
  });
});

describe("pictures", () => {
  it("are stretched, normalised and laid out as the rule says; transparency is black", async () => {
    const { manifest } = await baseFromOnnx(encoderFile(), { ...options, mean: [10, 20, 30], sd: [2, 4, 5] });
    const red = await readFile(await picture("red.png", { r: 110, g: 20, b: 40 }));
    const planes = await pictureSample(red, ruleOf(manifest), FIELD);
    expect([planes[0], planes[SIZE * SIZE], planes[2 * SIZE * SIZE]]).toEqual([50, 0, 2]);
    expect(laidOut(planes, [3, SIZE, SIZE], "nhwc").slice(0, 3)).toEqual(Float32Array.of(50, 0, 2));
    const grey = { ...ruleOf(manifest), channels: 1 as const, mean: [0], sd: [1] };
    expect(await pictureSample(red, grey, FIELD)).toHaveLength(SIZE * SIZE);
    const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } } })
      .png()
      .toBuffer();
    expect((await pictureSample(clear, ruleOf(manifest), FIELD))[0]).toBe(-5);
    await expect(pictureSample(new Uint8Array([1, 2, 3]), ruleOf(manifest), FIELD)).rejects.toMatchObject({ kind: "unreadable-file" });
  });
});

describe("features", () => {
  const place = () => ({ folder: join(dir, "features"), key: new Uint8Array(32).fill(7) });
  const never = () => false;
  const inDir = (path: string) => ({ path, folder: dir });
  const encoderOf = (manifest: Manifest, trunk: Uint8Array) =>
    encoderFromFile(manifest.trunk as NonNullable<Manifest["trunk"]>, fileInputOf(manifest) as FileInput, trunk);

  it("[B6] are worked out once, kept encrypted, and found again by the picture's content", async () => {
    const { manifest, trunk } = await baseFromOnnx(encoderFile(), options);
    const files = [await picture("a.png", { r: 200, g: 0, b: 0 }), await picture("b.png", { r: 0, g: 0, b: 200 })];
    const seen: number[] = [];
    const encoder = encoderOf(manifest, trunk);
    const once = { encoder, files: files.map(inDir), cache: place(), progress: (done: number) => seen.push(done), aborted: never };
    const first = await featuresOf(once);
    expect(seen).toEqual([2]);
    expect(first?.values[0]).toBeGreaterThan(first?.values[CHANNELS] as number);
    const [name = ""] = await readdir(place().folder);
    const stored = await readFile(join(place().folder, name));
    expect(stored.includes(Buffer.from(first?.values.buffer as ArrayBuffer).subarray(0, 4 * CHANNELS))).toBe(false);
    // With a trunk that cannot run, only what is kept can answer.
    expect(await featuresOf({ ...once, encoder: encoderOf(manifest, new Uint8Array(0)) })).toEqual(first);
    await writeFile(files[1] as string, await readFile(await picture("c.png", { r: 0, g: 200, b: 0 })));
    await expect(featuresOf({ ...once, encoder: encoderOf(manifest, new Uint8Array(0)) })).rejects.toThrow(
      "not the one that the manifest names",
    );
  });

  it("[B6] under another key, damaged, or of another preprocessing are never used", async () => {
    const { manifest, trunk } = await baseFromOnnx(encoderFile(), options);
    const files = [await picture("d.png", { r: 9, g: 99, b: 199 })];
    const run = (changed: object = {}) =>
      featuresOf({
        encoder: encoderOf(manifest, trunk),
        files: files.map(inDir),
        cache: place(),
        progress: () => undefined,
        aborted: never,
        ...changed,
      });
    const right = await run();
    expect(await run({ cache: { ...place(), key: new Uint8Array(32).fill(8) } })).toEqual(right);
    for (const name of await readdir(place().folder)) {
      const bytes = await readFile(join(place().folder, name));
      bytes[40] = (bytes[40] as number) ^ 1;
      await writeFile(join(place().folder, name), bytes);
    }
    expect(await run()).toEqual(right);
    const other = { ...manifest, inputs: [{ ...ruleOf(manifest), sd: [100, 100, 100] }] };
    expect(await run({ encoder: encoderOf(other, trunk) })).not.toEqual(right);
  });

  it("[B6] are bounded: those of the trunks unused for longest go", async () => {
    const folder = join(dir, "bounded");
    for (const [index, letter] of ["a", "b", "c", "d", "e", "f"].entries()) {
      const cache = await FeatureCache.open({ folder, key: new Uint8Array(32) }, letter.repeat(64), 2);
      cache.put(sha256(letter), Float32Array.of(1, 2));
      await cache.save();
      await utimes(join(folder, letter.repeat(64)), 1000 + index, 1000 + index);
    }
    expect(new Set((await readdir(folder)).map((name) => name[0]))).toEqual(new Set(["c", "d", "e", "f"]));
  });
});
