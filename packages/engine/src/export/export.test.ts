import { readSafetensors } from "@engraft/core/models/safetensors";
import { outputsOf } from "@engraft/core/models/labels";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { unzipSync } from "fflate";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { readKeras } from "../import/keras/keras-file.ts";
import type { Architecture } from "../ir/layers.ts";
import { readOnnx } from "../onnx/file.ts";
import { predictionsOf } from "../train/label-loss.ts";
import { GRAPH_INPUT, GRAPH_OUTPUT, onnxOf } from "../trunk/lower.ts";
import { makeBundle } from "@engraft/core/provenance/bundle";
import { FAMILIES, manifestOf, shapeOfEntering, type Family } from "./families.fixture.ts";
import { modelFiles, trainableOnly, type Files } from "./model-files.ts";
import { NETWORKS, randomTensors } from "../ir/networks.fixture.ts";

const SAMPLES = 4;
/** What TensorFlow.js lacks, by family. */
const LACKING: Readonly<Record<string, string>> = { gru: "recurrent unit", roots: "no signed root as an activation, which layer roots is" };

const floats = (values: Float32Array, dims: readonly number[]): Tensor => new Tensor("float32", values, dims);

async function session<T>(bytes: Uint8Array, use: (running: InferenceSession) => Promise<T>): Promise<T> {
  const running = await InferenceSession.create(bytes);
  return use(running).finally(() => running.release());
}

/** Predictions by the layers alone, from what the engine's own reading gives. */
function expectedOf(family: Family): Promise<Float64Array> {
  const { manifest, tensors } = family.source;
  return session(onnxOf(manifest.architecture as unknown as Architecture, tensors), async (running) => {
    const outputs = await running.run({ [GRAPH_INPUT]: floats(family.entering, [SAMPLES, ...shapeOfEntering(family)]) });
    return predictionsOf(manifest.label, outputs[GRAPH_OUTPUT]?.data as Float32Array);
  });
}

/** Of a value in a unit, in halves of the label's range. */
function distance(actual: ArrayLike<number>, expected: Float64Array, { source }: Family): number {
  expect(actual).toHaveLength(expected.length);
  const { label } = source.manifest;
  const half = label.kind === "regression" ? (label.max - label.min) / 2 : 1;
  return Math.max(...expected.map((value, at) => Math.abs(value - (actual[at] as number)))) / half;
}

const file = (files: Files, name: string): Uint8Array => {
  const found = files.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

function byOnnx(bytes: Uint8Array, { raw, source }: Family): Promise<Float32Array> {
  return session(bytes, async (running) => {
    const feeds: Record<string, Tensor> = {};
    if ("rows" in raw) {
      const columns = [...new Set(source.manifest.inputs.map(({ field }) => field))];
      columns.forEach((column, at) => {
        const values = raw.rows.map((row) => row[column] ?? null);
        const name = running.inputNames[at] as string;
        const isText = source.manifest.fields.some((field) => field.name === column && field.kind === "category");
        const numbers = Float32Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
        feeds[name] = isText ? new Tensor("string", values.map(String), [SAMPLES, 1]) : floats(numbers, [SAMPLES, 1]);
      });
    } else feeds[running.inputNames[0] as string] = floats(raw.values, raw.shape);
    const outputs = await running.run(feeds);
    return outputs[running.outputNames[0] as string]?.data as Float32Array;
  });
}

async function byTensorFlow(files: Files, family: Family): Promise<Float32Array> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(file(files, "model.json"))) as {
    readonly modelTopology: object;
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] }[];
  };
  const [group] = weightsManifest;
  const data = Buffer.concat((group?.paths ?? []).map((path) => file(files, path)));
  const weightData = Uint8Array.from(data).buffer;
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: group?.weights ?? [], weightData }));
  const { raw, entering } = family;
  // A recording's points come first there, then its leads; a table's rows come as its rules make them.
  const given = "rows" in raw ? tf.tensor(entering, [SAMPLES, ...shapeOfEntering(family)]) : tf.tensor(raw.values, [...raw.shape]);
  const x = given.rank === 3 ? tf.transpose(given, [0, 2, 1]) : given;
  return Float32Array.from((model.predict(x) as tf.Tensor).dataSync());
}

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

describe("a model's files", () => {
  it.for(Object.entries(FAMILIES))("%s: raw values in, the engine's predictions out, by ONNX and TensorFlow.js", async ([name, make]) => {
    const family = make(SAMPLES);
    const expected = await expectedOf(family);
    const { files, leftOut } = await modelFiles(family.source);
    expect(expected).toHaveLength(SAMPLES * outputsOf(family.source.manifest.label));
    expect(distance(await byOnnx(file(files, "model.onnx"), family), expected, family)).toBeLessThan(1e-5);
    const lacking = LACKING[name];
    expect(leftOut.map((one) => one.name)).toEqual(lacking === undefined ? [] : ["model.json"]);
    if (lacking !== undefined) expect(leftOut[0]?.why).toContain(lacking);
    else expect(distance(await byTensorFlow(files, family), expected, family)).toBeLessThan(1e-5);
    tf.disposeVariables();
  });

  it("holds every kind of layer, or says which it cannot", async () => {
    for (const [name, architecture] of Object.entries(NETWORKS)) {
      const shape = architecture.input as readonly number[];
      const [channels = 0] = shape;
      const isPicture = shape.length === 3;
      const each = { mean: Array<number>(channels).fill(0), sd: Array<number>(channels).fill(1) };
      const field = isPicture
        ? ({ kind: "image", name: "x", title: "X" } as const)
        : ({
            kind: "signal",
            name: "x",
            title: "X",
            leads: each.mean.map((_, at) => `l${at}`),
            rate: 1,
            seconds: shape[1] as number,
            unit: "mV",
          } as const);
      // Codes are a family of their own.
      if (shape.length === 1 || (isPicture && channels === 2)) continue;
      const rule = isPicture
        ? ({
            kind: "image",
            field: "x",
            height: shape[1] as number,
            width: shape[2] as number,
            channels: channels as 1 | 3,
            ...each,
          } as const)
        : ({ kind: "signal", field: "x", ...each } as const);
      const label = { name: "ill", title: "Ill", positive: ["1"], negative: ["0"] };
      const manifest = manifestOf(name, architecture, label, [field], [rule]);
      const { files, leftOut } = await modelFiles({ manifest, tensors: randomTensors(architecture), marks: {} });
      expect(files.has("model.onnx")).toBe(true);
      expect(leftOut.every(({ why }) => /layer [a-z_]+/.test(why))).toBe(true);
    }
  });

  it("is read back by Engraft's own importer with the normalisation of its first layer", async () => {
    const { source } = (FAMILIES["efficientnet_lite0"] as (count: number) => Family)(1);
    const { files } = await modelFiles(source);
    const { scaled, architecture } = await readKeras(file(files, "model.keras"), undefined);
    expect(architecture.input).toEqual([3, 64, 64]);
    expect(scaled?.scale.map((scale) => Math.round(1 / scale))).toEqual([57, 58, 59]);
  });

  it("has the same bytes each time, and says of itself what it was made from", async () => {
    const { source } = (FAMILIES["logistic"] as (count: number) => Family)(1);
    const first = await modelFiles(source);
    const clock = vi.spyOn(Date, "now").mockImplementation(() => 2_000_000_000_000);
    const second = await modelFiles(source).finally(() => clock.mockRestore());
    expect(makeBundle(first.files)).toEqual(makeBundle(second.files));
    expect(Object.keys(unzipSync(makeBundle(first.files)))).toEqual([...first.files.keys()]);
    const { metadata_props, opset_import } = readOnnx(file(first.files, "model.onnx"));
    expect(Object.fromEntries(metadata_props.map(({ key, value }) => [key, value]))).toEqual(source.marks);
    expect(opset_import).toEqual([
      { domain: "", version: 17 },
      { domain: "ai.onnx.ml", version: 3 },
    ]);
  });

  it("holds what was trained alone, with the base's digests in its header", () => {
    const { source } = (FAMILIES["mlp"] as (count: number) => Family)(1);
    const base = { name: "mlp 1.0", manifest: "a".repeat(64), weights: "b".repeat(64) };
    const { tensors, header } = readSafetensors(trainableOnly(source, { part: "head" }, base));
    expect([...tensors.keys()]).toEqual(["head/kernel", "head/bias"]);
    expect(header.metadata).toMatchObject({ "engraft.base": "mlp 1.0", "engraft.base.weights": base.weights, ...source.marks });
  });

  it("leaves out every format where the frozen part is a file of its own, and says so", async () => {
    const { source } = (FAMILIES["logistic"] as (count: number) => Family)(1);
    const trunk = { onnx: { digest: "a".repeat(64), bytes: 1 } } as unknown as NonNullable<typeof source.manifest.trunk>;
    const { files, leftOut } = await modelFiles({ ...source, manifest: { ...source.manifest, trunk } });
    expect([...files.keys()]).toEqual([]);
    expect(leftOut.map(({ name }) => name)).toEqual(["model.onnx", "model.keras", "model.json"]);
  });
});
