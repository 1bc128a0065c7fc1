/** Keras's own files and logits (test/vectors/keras-models.py) beside those of both engines, and what is refused. */
import { unzipSync, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { baseFromLayers } from "../from-layers.ts";
import { readNamedTensors } from "../read-tensors.ts";
import { byOnnx, byTensorFlow, distance, figures, samplesOf, vector } from "./converted.fixture.ts";
import { Hdf5Reader } from "./hdf5.ts";
import { readKeras, readKerasWith } from "./keras-file.ts";
import { ownNetwork } from "./own-network.ts";

interface LayerText {
  name: string;
  class_name: string;
  module: string;
  registered_name: string | null;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}
interface ModelText {
  class_name: string;
  registered_name: string | null;
  config: { layers: LayerText[]; input_layers: unknown; output_layers: unknown };
}

const options = {
  name: "base",
  version: "1.0",
  title: "Base",
  description: "",
  licence: "none",
  origin: "a test",
  field: { name: "image", title: "Image" },
  label: { name: "label", title: "Label", positive: ["1"], negative: ["0"] },
  split: null,
};

/** A file of Keras with another configuration, or other files. */
function changed(name: string, change: (model: ModelText) => unknown, files: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const given = unzipSync(vector(`${name}.keras`));
  const model = JSON.parse(new TextDecoder().decode(given["config.json"])) as ModelText;
  change(model);
  return zipSync({ ...given, "config.json": new TextEncoder().encode(JSON.stringify(model)), ...files }, { level: 6 });
}

const reader = new Hdf5Reader();
afterAll(() => reader.close());
const read = (file: Uint8Array, size?: number) => readKerasWith(reader, file, size);

const layer = ({ config }: ModelText, kind: string): LayerText => config.layers.find(({ class_name }) => class_name === kind) as LayerText;

describe.each(Object.entries(figures()))("the model %s of Keras", (name, given) => {
  it("[B9] gives Keras's logits in both engines", async () => {
    const converted = await readKeras(vector(`${name}.keras`), undefined);
    const [x, rows] = [samplesOf(converted, given), given.shape[0] as number];
    expect(new Set(given.logits).size).toBe(given.logits.length);
    expect(distance(await byOnnx(converted, x, rows), given.logits)).toBeLessThan(1e-5);
    expect(distance(await byTensorFlow(converted, x, rows), given.logits)).toBeLessThan(1e-5);
  });
});

describe("a network", () => {
  it("[B9] has the normalisation of its first layers as its mean and standard deviation", async () => {
    const rescaled = ownNetwork(await read(vector("picture.keras")));
    for (const channel of [0, 1, 2]) {
      expect(rescaled.mean?.[channel]).toBeCloseTo(127.5, 9);
      expect(rescaled.sd?.[channel]).toBeCloseTo(127.5, 9);
    }
    const normalised = ownNetwork(await read(vector("residual.keras")));
    for (const [channel, mean] of [100, 110, 120].entries()) expect(normalised.mean?.[channel]).toBeCloseTo(mean, 9);
    for (const [channel, variance] of [400, 500, 600].entries()) expect(normalised.sd?.[channel]).toBeCloseTo(Math.sqrt(variance), 9);
    expect(ownNetwork(await read(vector("transfer.keras")))).not.toHaveProperty("mean");
  });

  it("[B9] becomes a base whose classifier gives way to a head, in blocks that can be trained apart", async () => {
    const network = ownNetwork(await read(vector("residual.keras")));
    const { manifest } = await baseFromLayers(network, { ...options, ...network });
    expect(manifest.inputs).toMatchObject([{ kind: "image", width: 6, height: 6, channels: 3 }]);
    expect(manifest.tensors.filter(({ depth }) => depth === 0).map(({ name }) => name)).toEqual(["head/kernel", "head/bias"]);
    const depths = new Map(manifest.tensors.map(({ name, depth }) => [name.split("/")[0], depth]));
    // A convolution and its normalisation are one block, and so is all that stands between two sums.
    expect(depths.get("conv2d")).toBe(depths.get("batch_normalization"));
    expect(depths.get("depthwise_conv2d")).toBe(depths.get("dense"));
    expect(new Set(depths.values()).size).toBe(4);
  });

  it("[B9] without a classifier gets a head of its own behind its features", async () => {
    const file = changed("transfer", (model) => {
      model.config.layers = model.config.layers.slice(0, 2);
      model.config.output_layers = [["encoder", 1, 0]];
    });
    const network = ownNetwork(await read(file));
    expect(network.architecture.layers.slice(-2)).toMatchObject([{ kind: "global-pool" }, { kind: "dense", name: "head", in: 3, out: 1 }]);
    expect((await baseFromLayers(network, { ...options, ...network })).manifest.reference?.features).toHaveLength(3);
  });

  it("[B9] that takes pictures of any size takes those that are asked for", async () => {
    const file = changed("residual", (model) => (layer(model, "InputLayer").config["batch_shape"] = [null, null, null, 3]));
    await expect(read(file)).rejects.toThrow("--size");
    expect((await read(file, 10)).architecture.input).toEqual([3, 10, 10]);
    await expect(read(vector("residual.keras"), 10)).rejects.toThrow("6 x 6 pixels");
  });

  it("[B9] of recordings is a base where its leads and rate are named", async () => {
    const network = ownNetwork(await read(vector("signal.keras")));
    const signal = { leads: ["I", "II"], rate: 12, unit: "mV" };
    const { manifest } = await baseFromLayers(network, { ...options, ...network, signal });
    expect(manifest.fields).toMatchObject([{ kind: "signal", leads: ["I", "II"], rate: 12, seconds: 2 }]);
    expect(manifest.inputs).toMatchObject([{ kind: "signal", mean: network.mean }]);
    await expect(baseFromLayers(network, { ...options, ...network })).rejects.toThrow("2 lead(s) and 24 points");
  });
});

describe("[B9] a Keras model is refused by name, with what to do,", () => {
  const refusals: readonly (readonly [string, string, (model: ModelText) => unknown, string])[] = [
    ["with a Lambda", "picture", (m) => (layer(m, "Dropout").class_name = "Lambda"), '"dropout" (Lambda) is of a class'],
    ["with a custom layer", "picture", (m) => (layer(m, "Dropout").registered_name = "Mine>Drop"), '"dropout" (Dropout) is a custom class'],
    ["with a layer from elsewhere", "picture", (m) => (layer(m, "Dropout").module = "evil"), "is a custom class"],
    ["of a class that only sounds like one", "picture", (m) => (m.registered_name = "Mine>Sequential"), "whose code is not in the file"],
    ["of a class of its own", "picture", (m) => (m.class_name = "MyModel"), '"MyModel", whose code is not in the file'],
    [
      "with channels first",
      "picture",
      (m) => (layer(m, "Conv2D").config["data_format"] = "channels_first"),
      '"conv2d" (Conv2D) has "data_format"',
    ],
    ["with holes in a kernel", "picture", (m) => (layer(m, "Conv2D").config["dilation_rate"] = [2, 2]), "holes (dilation)"],
    [
      "with an activation of its own",
      "picture",
      (m) => (layer(m, "Conv2D").config["activation"] = { class_name: "function", config: "f", module: "mine" }),
      "activation of its own",
    ],
    ["with an activation that is unknown", "picture", (m) => (layer(m, "Conv2D").config["activation"] = "selu"), 'the activation "selu"'],
    ["with a leaky ReLU", "residual", (m) => (layer(m, "ReLU").config["negative_slope"] = 0.1), "is leaky"],
    [
      "with a product",
      "residual",
      (m) => m.config.layers.forEach((one) => one.class_name === "Add" && one.module === "keras.layers" && (one.class_name = "Multiply")),
      "(Multiply) is of a class",
    ],
    [
      "with an operation",
      "residual",
      (m) => m.config.layers.forEach((one) => one.module.includes("ops") && (one.class_name = one.registered_name = "Multiply")),
      "is an operation",
    ],
    ["with a shared layer", "residual", (m) => layer(m, "ReLU").inbound_nodes.push(layer(m, "ReLU").inbound_nodes[0]), "is shared"],
    [
      "with two inputs",
      "residual",
      (m) =>
        (m.config.input_layers = [
          ["a", 0, 0],
          ["b", 0, 0],
        ]),
      "several inputs",
    ],
    ["with two outputs", "residual", (m) => (m.config.output_layers = { a: ["a", 0, 0], b: ["b", 0, 0] }), "several outputs"],
    [
      "with an average over zero padding",
      "picture",
      (m) => (layer(m, "MaxPooling2D").class_name = "AveragePooling2D"),
      "pools over zero padding",
    ],
    [
      "with a GRU whose reset gate acts first",
      "signal",
      (m) => (layer(m, "GRU").config["reset_after"] = false),
      '"gru" (GRU) has "reset_after"',
    ],
    ["with a reshape", "residual", (m) => (layer(m, "Reshape").config["target_shape"] = [3, 1]), "changes the order"],
    [
      "with a softmax in the middle",
      "picture",
      (m) => (layer(m, "SeparableConv2D").config["activation"] = "softmax"),
      "takes the output of a softmax",
    ],
    [
      "that scales in the middle",
      "picture",
      (m) => Object.assign(layer(m, "Dropout"), { class_name: "Rescaling", config: { name: "again", scale: 2 } }),
      "scales what is not the input",
    ],
  ];
  it.each(refusals)("%s", async (_what, name, change, words) => {
    const refused = read(changed(name, change));
    await expect(refused).rejects.toMatchObject({ code: "bad-input", message: expect.stringContaining(words) as string });
    await expect(refused).rejects.toThrow("Export the model as ONNX");
  });
});

describe("[B16] a file is refused", () => {
  const zeros = new Uint8Array(5e6);
  it.each<[string, () => Uint8Array, string]>([
    ["that is a bomb", () => changed("rows", () => 0, { "model.weights.h5": zeros }), "would unpack to 5000000 bytes"],
    ["that is cut off", () => vector("rows.keras").subarray(0, 1000), "broken or cut off"],
    ["whose weights are none", () => changed("rows", () => 0, { "model.weights.h5": new Uint8Array(100) }), "they are broken"],
    [
      "of Keras 2",
      () => changed("rows", () => 0, { "metadata.json": new TextEncoder().encode('{"keras_version":"2.15.0"}') }),
      "save it with Keras 3",
    ],
    [
      "whose layers are gigantic",
      () => changed("rows", (m) => (layer(m, "Conv1D").config["filters"] = 65_000)),
      "instead of 2 x 2 x 65000",
    ],
    [
      "whose input is gigantic",
      () => changed("rows", (m) => (layer(m, "InputLayer").config["batch_shape"] = [null, 1e6, 1e6, 1e6])),
      "dimensions",
    ],
    [
      "with more weights than its layers have",
      () => changed("rows", (m) => (layer(m, "Conv1D").config["use_bias"] = false)),
      "more weights",
    ],
    [
      "whose layers are in another order than its weights",
      () => changed("rows", (m) => (layer(m, "Conv1D").config["name"] = "other")),
      "weights of another layer",
    ],
  ])("%s", async (_what, file, words) => {
    await expect(read(file())).rejects.toMatchObject({ code: "bad-input", message: expect.stringContaining(words) as string });
  });

  it("with what to do where an architecture was named for it", () => {
    expect(() => readNamedTensors(vector("rows.keras"))).toThrow("leave out --architecture");
    expect(() => readNamedTensors(zipSync({ "m/data.pkl": new Uint8Array(3) }))).toThrow("PyTorch file");
  });
});
