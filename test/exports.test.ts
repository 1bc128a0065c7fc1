/** One model of each family in every format, loaded by Python alone with the release's own load.py, beside the engine's predictions. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { outputsOf } from "@engraft/core/models/labels";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { chooseTrainer } from "@engraft/engine/train/backends";
import { lossOf, predictionsOf } from "@engraft/engine/train/label-loss";
import { modelFiles, wholeSafetensors } from "@engraft/engine/export/model-files";
import type { Architecture } from "@engraft/engine/ir/layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FAMILIES, type Family } from "../packages/engine/src/export/families.fixture.ts";
import { findAll, findTorch } from "./support/real-weights.ts";
import { findPython, requireOrSkip } from "./support/require.ts";

const SAMPLES = 100;
const TOLERANCE = 1e-5;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-exports-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function engine({ source, entering }: Family): Promise<Float64Array> {
  const { manifest, tensors } = source;
  const architecture = manifest.architecture as unknown as Architecture;
  const trainable = { part: "head" } as const;
  const options = {
    batch: 10,
    optimizer: { name: "sgd", learningRate: 1, momentum: 0 },
    weightDecay: 0,
    loss: lossOf(manifest.label),
    trainable,
  } as const;
  const model = (await chooseTrainer(architecture, tensors, options, ["onnx", "cpu"])).compile(architecture, tensors, options);
  const logits = await model.logits(entering, SAMPLES, flatten(trainedTensors(manifest.tensors, trainable), tensors));
  model.dispose();
  return predictionsOf(manifest.label, logits);
}

async function written(name: string, { source, raw }: Family) {
  const folder = join(dir, name);
  const { files, leftOut } = await modelFiles(source);
  const own = { "manifest.json": JSON.stringify(source.manifest), "model.safetensors": wholeSafetensors(source) };
  const samples = "rows" in raw ? { "raw.json": JSON.stringify(raw) } : { "raw.json": JSON.stringify({ shape: raw.shape }), "raw.f32": raw.values };
  await mkdir(join(folder, "tfjs"), { recursive: true });
  for (const [path, content] of [...files, ...Object.entries(own), ...Object.entries(samples)]) await writeFile(join(folder, path), content);
  return { folder, leftOut };
}

const run = promisify(execFile);

async function byPython(python: string, folder: string, how: string): Promise<Float32Array> {
  const script = join(import.meta.dirname, "support/exports_predict.py");
  await run(python, [script, folder, how], { timeout: 280_000, env: process.env });
  return new Float32Array(Uint8Array.from(await readFile(join(folder, `${how}.f32`))).buffer);
}

/** The largest difference; of a value in a unit, in halves of the label's range. */
function distance(actual: ArrayLike<number>, expected: Float64Array, { manifest: { label } }: Family["source"]): number {
  expect(actual).toHaveLength(expected.length);
  const half = label.kind === "regression" ? (label.max - label.min) / 2 : 1;
  return Math.max(...expected.map((value, at) => Math.abs(value - (actual[at] as number)))) / half;
}

const spread = (values: Float64Array): number => Math.max(...values) - Math.min(...values);

process.env["KERAS_BACKEND"] ??= "jax";
const probes = findAll({ python: findPython("numpy", "onnx", "onnxruntime", process.env["KERAS_BACKEND"], "keras"), torch: findTorch });

requireOrSkip("Python with onnx, onnxruntime and Keras, and PyTorch", probes).describe("a release's formats in Python", ({ python, torch }) => {
  it.for(Object.entries(FAMILIES))("%s: 100 predictions equal within 1e-5 by onnxruntime, Keras and PyTorch", async ([name, family]) => {
    const made = family(SAMPLES);
    const expected = await engine(made);
    expect(expected).toHaveLength(SAMPLES * outputsOf(made.source.manifest.label));
    expect(spread(expected)).toBeGreaterThan(1e-3);
    const { folder } = await written(name, made);
    const seen: Record<string, number> = {};
    for (const [how, by] of [
      ["onnx", python],
      ["keras", python],
      ["torch", torch],
    ] as const)
      seen[how] = distance(await byPython(by, folder, how), expected, made.source);
    if (process.env["ENGRAFT_SHOW"] !== undefined) console.info(name, seen, spread(expected));
    for (const [how, away] of Object.entries(seen)) expect(away, how).toBeLessThan(TOLERANCE);
  });
});
