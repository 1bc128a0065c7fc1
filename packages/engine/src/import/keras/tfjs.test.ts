/** A layers model of TensorFlow.js as its converter writes it (test/vectors/tfjs-model.py), and one that it saves itself. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import * as layers from "@tensorflow/tfjs-layers";
import { afterAll, describe, expect, it } from "vitest";
import { byOnnx, byTensorFlow, distance, samplesOf, type Figures } from "./converted.fixture.ts";
import { readTfjs } from "./tfjs-file.ts";

const vectors = fileURLToPath(new URL("../../../../../test/vectors/tfjs-model", import.meta.url));
const read = (folder: string) => readTfjs(join(folder, "model.json"), readFileSync(join(folder, "model.json")), undefined);

const made: string[] = [];
const newFolder = (): string => {
  made.push(mkdtempSync(join(tmpdir(), "engraft-tfjs-")));
  return made.at(-1) as string;
};
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true })));

/** The model with some text of model.json replaced. */
function changed(from: string | RegExp, to: string): string {
  const folder = newFolder();
  cpSync(vectors, folder, { recursive: true });
  const text = readFileSync(join(folder, "model.json"), "utf8");
  expect(text).toMatch(from);
  writeFileSync(join(folder, "model.json"), text.replace(from, to));
  return folder;
}

describe("[B9] a layers model of TensorFlow.js", () => {
  it("from its converter gives Keras's logits in both engines", async () => {
    const given = JSON.parse(readFileSync(join(vectors, "figures.json"), "utf8")) as Figures;
    const converted = await read(vectors);
    const x = samplesOf(converted, given);
    expect(distance(await byOnnx(converted, x, 3), given.logits)).toBeLessThan(1e-5);
    expect(distance(await byTensorFlow(converted, x, 3), given.logits)).toBeLessThan(1e-5);
  });

  it("that it saved itself gives the logits that it gave there", async () => {
    await tf.setBackend("cpu");
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({ inputShape: [7, 6, 3], filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu6" }),
        layers.layers.separableConv2d({ filters: 4, kernelSize: 2, useBias: false }),
        layers.layers.batchNormalization({}),
        layers.layers.flatten(),
        layers.layers.dense({ units: 3, activation: "softmax" }),
      ],
    });
    const folder = newFolder();
    await model.save({
      save: async (artifacts) => {
        const { modelTopology, weightSpecs, weightData, format } = artifacts;
        writeFileSync(join(folder, "weights.bin"), new Uint8Array(weightData as ArrayBuffer));
        const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
        writeFileSync(join(folder, "model.json"), JSON.stringify({ format, modelTopology, weightsManifest }));
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } });
      },
    });
    const shape = [2, 7, 6, 3];
    const input = Array.from({ length: 252 }, (_, at) => Math.sin(at * at));
    const expected = (model.predict(tf.tensor(input, shape)) as tf.Tensor).dataSync();
    const converted = await read(folder);
    const logits = await byOnnx(converted, samplesOf(converted, { shape, input }), 2);
    const softmax = [0, 1].flatMap((row) => {
      const powers = [...logits.subarray(3 * row, 3 * row + 3)].map(Math.exp);
      return powers.map((power) => power / powers.reduce((sum, one) => sum + one));
    });
    expect(distance(softmax, [...expected])).toBeLessThan(1e-5);
  });
});

describe("[B16] a layers model of TensorFlow.js is refused", () => {
  it.each<[string, string | RegExp, string, string]>([
    ["whose weights lie in another folder", "group1-shard1of1.bin", "../secret.bin", "do not lie beside model.json"],
    ["whose weights lie anywhere", "group1-shard1of1.bin", "/etc/hostname", "do not lie beside model.json"],
    ["whose weights are on the network", "group1-shard1of1.bin", "https://example.org/a.bin", "do not lie beside model.json"],
    ["whose weights are missing", "group1-shard1of1.bin", "group1-shard2of2.bin", "there is no file"],
    [
      "whose weights are quantized",
      '"dtype": "float32"}, {"name": "dense/bias"',
      '"dtype": "float32", "quantization": {"dtype": "uint8"}}, {"name": "dense/bias"',
      "is quantized",
    ],
    ["whose weights are whole numbers", /"dtype": "float32"}, {"name": "dense.bias"/, '"dtype": "int32"}, {"name": "dense/bias"', "int32"],
    ["whose weights are too few", '"shape": [36, 2]', '"shape": [36, 3]', "bytes or more instead of"],
    ["whose weights are gigantic", '"shape": [36, 2]', '"shape": [1000000000, 1000000000]', "larger than"],
    ["that is a graph", "layers-model", "graph-model", "a graph of TensorFlow.js"],
    ["with a layer that is unknown", '"class_name": "ReLU"', '"class_name": "LeakyReLU"', "(LeakyReLU) is of a class"],
    ["that is no JSON", "{", "", "is no JSON"],
  ])("%s", async (_what, from, to, words) => {
    await expect(read(changed(from, to))).rejects.toMatchObject({ code: "bad-input", message: expect.stringContaining(words) as string });
  });

  it("whose shard is a link to elsewhere", async () => {
    const folder = changed("group1-shard1of1.bin", "linked.bin");
    symlinkSync(join(vectors, "group1-shard1of1.bin"), join(folder, "linked.bin"));
    await expect(read(folder)).rejects.toThrow("there is no file");
  });

  it("whose weights are no finite numbers", async () => {
    const folder = changed("group1", "group1");
    const bytes = readFileSync(join(folder, "group1-shard1of1.bin"));
    bytes.writeFloatLE(Number.NaN, 8);
    writeFileSync(join(folder, "group1-shard1of1.bin"), bytes);
    await expect(read(folder)).rejects.toThrow("no finite numbers");
  });
});
