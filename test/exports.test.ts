/** One model of each family in every format, loaded by Python alone with the release's own load.py, beside the engine's predictions. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { outputsOf } from "@engraft/core/models/labels";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { flatten, trainedTensors, unflatten, type TrainablePart } from "@engraft/core/models/tensors";
import { chooseTrainer } from "@engraft/engine/train/backends";
import { targetsOfLoss } from "@engraft/engine/train/loss";
import { startState } from "@engraft/engine/train/optimizer";
import { lossOf, predictionsOf } from "@engraft/engine/train/label-loss";
import { modelFiles } from "@engraft/engine/export/model-files";
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

const HEAD = { part: "head" } as const;
const ALL = { part: "all", norm: "shared" } as const;
const BATCH = 20;
/**
 * Standard deviation of the last layer's outputs. Fifty layers of random numbers carry on a rounding as no trained network does: PyTorch's float32 is
 * as far from its float64 there as the formats are from each other, in proportion to this.
 */
const SPREAD = 0.25;

async function compiled({ manifest, tensors }: Family["source"], trainable: TrainablePart) {
  const architecture = manifest.architecture as unknown as Architecture;
  const optimizer = { name: "sgd", learningRate: 1e-9, momentum: 0 } as const;
  const options = { batch: BATCH, optimizer, weightDecay: 0, loss: lossOf(manifest.label), trainable };
  const model = (await chooseTrainer(architecture, tensors, options, ["onnx", "cpu"])).compile(architecture, tensors, options);
  const trained = trainedTensors(manifest.tensors, trainable);
  return { model, trained, state: startState(flatten(trained, tensors), options), targets: targetsOfLoss(options.loss) };
}

async function logitsOf(family: Family, source: Family["source"]): Promise<Float32Array> {
  const { model, state } = await compiled(source, HEAD);
  return model.logits(family.entering, SAMPLES, state.parameters).finally(() => model.dispose());
}

/**
 * The family as if it had been trained: running statistics are those of its samples, and the last layer's outputs are spread around 0.
 * With numbers drawn at random alone, predictions would be 0 or 1, or the same for all.
 */
async function asTrained(family: Family): Promise<Family> {
  const settled = family.source.manifest.tensors.some(({ role }) => role === "statistic") ? await withStatistics(family) : family.source;
  const logits = await logitsOf(family, settled);
  const outputs = outputsOf(settled.manifest.label);
  const [kernel, bias] = [settled.tensors.get("head/kernel"), settled.tensors.get("head/bias")] as [Float32Array, Float32Array];
  const columns = Array.from(bias, (_, output) => [...logits].filter((_value, at) => at % outputs === output));
  const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / SAMPLES);
  const sds = columns.map((column, at) =>
    Math.sqrt(column.reduce((sum, value) => sum + (value - (means[at] as number)) ** 2, 0) / SAMPLES),
  );
  const head = [
    ["head/kernel", kernel.map((value, at) => (SPREAD * value) / (sds[at % outputs] as number))],
    ["head/bias", bias.map((value, at) => (SPREAD * (value - (means[at] as number))) / (sds[at] as number))],
  ] as const;
  return { ...family, source: { ...settled, tensors: new Map([...settled.tensors, ...head]) } };
}

/** One training step normalises by its batch's statistics, and running ones go a tenth of the way there; here they go the whole way. */
async function withStatistics({ source, entering }: Family): Promise<Family["source"]> {
  const { model, trained, state, targets } = await compiled(source, ALL);
  const before = state.parameters.slice();
  await model.step(entering.slice(0, (BATCH * entering.length) / SAMPLES), new Float32Array(BATCH * targets), state);
  model.dispose();
  const [old, moved] = [unflatten(trained, before), unflatten(trained, state.parameters)];
  // A channel that is nearly the same for all samples would be all rounding, blown up.
  const least = (name: string): number => (name.endsWith("/variance") ? 0.05 : -Infinity);
  const there = (name: string, value: number, at: number): number =>
    Math.max(least(name), value + 9 * (value - (old.get(name)?.[at] as number)));
  const statistics = trained
    .filter(({ role }) => role === "statistic")
    .map(({ name }) => [name, (moved.get(name) as Float32Array).map((value, at) => there(name, value, at))] as const);
  return { ...source, tensors: new Map([...source.tensors, ...statistics]) };
}

async function engine(family: Family): Promise<Float64Array> {
  return predictionsOf(family.source.manifest.label, await logitsOf(family, family.source));
}

async function written(name: string, { source, raw }: Family) {
  const folder = join(dir, name);
  const { files } = await modelFiles(source);
  const own = {
    "manifest.json": JSON.stringify(source.manifest),
    "model.safetensors": writeSafetensors(source.manifest.tensors, source.tensors),
  };
  const samples =
    "rows" in raw ? { "raw.json": JSON.stringify(raw) } : { "raw.json": JSON.stringify({ shape: raw.shape }), "raw.f32": raw.values };
  await mkdir(folder, { recursive: true });
  for (const [path, content] of [...files, ...Object.entries(own), ...Object.entries(samples)])
    await writeFile(join(folder, path), content);
  return folder;
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

requireOrSkip("Python with onnx, onnxruntime and Keras, and PyTorch", probes).describe(
  "a release's formats in Python",
  ({ python, torch }) => {
    it.for(Object.entries(FAMILIES))("%s: 100 predictions equal within 1e-5 by onnxruntime, Keras and PyTorch", async ([name, family]) => {
      const made = await asTrained(family(SAMPLES));
      const expected = await engine(made);
      expect(expected).toHaveLength(SAMPLES * outputsOf(made.source.manifest.label));
      expect(spread(expected)).toBeGreaterThan(0.1);
      const folder = await written(name, made);
      const seen: Record<string, number> = {};
      for (const [how, by] of [
        ["onnx", python],
        ["keras", python],
        ["torch", torch],
      ] as const)
        seen[how] = distance(await byPython(by, folder, how), expected, made.source);
      if (process.env["ENGRAFT_SHOW"] !== undefined) console.info(name, JSON.stringify(seen), spread(expected));
      for (const [how, away] of Object.entries(seen)) expect(away, `${name} by ${how}`).toBeLessThan(TOLERANCE);
    });
  },
);
