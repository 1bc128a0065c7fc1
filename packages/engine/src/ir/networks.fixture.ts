/** Small networks that hold every kind of layer, with random weights. */
import { sizeOf } from "@engraft/core/models/tensors";
import { randomFrom } from "../base/random.ts";
import { inputShape, sizeOfShape, type Architecture, type Layer } from "./layers.ts";
import { tensorsOf } from "./parameters.ts";

const network = (input: number[], layers: Layer[]): Architecture => ({ format: "engraft.layers/1", input, layers, output: "binary-logit" });

const none: [number, number] = [0, 0];

/** Two residual blocks of a picture, with strides, depthwise and grouped convolutions and pools that pad. */
export const picture = network(
  [3, 9, 8],
  [
    { kind: "conv", name: "stem", block: "stem", in: 3, out: 8, kernel: [3, 3], stride: [2, 2], padding: "same", groups: 1, bias: false },
    { kind: "batch-norm", name: "stem_norm", block: "stem", channels: 8, epsilon: 1e-3 },
    { kind: "activation", name: "stem_act", function: "relu6" },
    { kind: "conv", name: "depth", block: "one", in: 8, out: 8, kernel: [3, 3], stride: [1, 1], padding: "same", groups: 8, bias: true },
    { kind: "activation", name: "depth_act", function: "silu" },
    {
      kind: "conv",
      name: "grouped",
      block: "one",
      in: 8,
      out: 8,
      kernel: [3, 1],
      stride: [1, 1],
      padding: [[1, 1], none],
      groups: 2,
      bias: true,
    },
    { kind: "batch-norm", name: "one_norm", block: "one", channels: 8, epsilon: 1e-5 },
    { kind: "add", name: "one_sum", block: "one", from: ["one_norm", "stem_act"] },
    { kind: "pool", name: "max", operation: "max", window: [3, 3], stride: [2, 2], padding: "same" },
    {
      kind: "conv",
      name: "wide",
      block: "two",
      in: 8,
      out: 6,
      kernel: [2, 2],
      stride: [1, 1],
      padding: [none, none],
      groups: 1,
      bias: true,
    },
    { kind: "activation", name: "wide_act", function: "elu" },
    { kind: "pool", name: "average", operation: "mean", window: [2, 2], stride: [1, 1], padding: "same" },
    { kind: "dropout", name: "drop", rate: 0.3 },
    { kind: "flatten", name: "flat" },
    { kind: "dense", name: "hidden", in: 12, out: 5 },
    { kind: "activation", name: "hidden_act", function: "gelu" },
    { kind: "dense", name: "head", in: 5, out: 1 },
  ],
);

/** A signal of two leads: convolution, pools, then a recurrent layer over its steps. */
export const signal = network(
  [2, 20],
  [
    { kind: "conv", name: "first", in: 2, out: 6, kernel: [5], stride: [2], padding: "same", groups: 1, bias: true },
    { kind: "activation", name: "first_act", function: "tanh" },
    { kind: "conv", name: "second", in: 6, out: 12, kernel: [3], stride: [1], padding: [[2, 0]], groups: 6, bias: false },
    { kind: "batch-norm", name: "second_norm", channels: 12, epsilon: 1e-5 },
    { kind: "pool", name: "second_pool", operation: "mean", window: [2], stride: [2], padding: [[0, 0]] },
    { kind: "transpose", name: "steps" },
    { kind: "dense", name: "each", in: 12, out: 4 },
    { kind: "gru", name: "gru", in: 4, units: 3 },
    { kind: "activation", name: "gru_act", function: "sigmoid" },
    { kind: "dense", name: "head", in: 3, out: 1 },
  ],
);

/** A recording seen as a picture, as EEGNet does. */
export const plane = network(
  [3, 10],
  [
    { kind: "plane", name: "plane" },
    { kind: "conv", name: "time", in: 1, out: 4, kernel: [1, 4], stride: [1, 1], padding: "same", groups: 1, bias: false },
    { kind: "conv", name: "leads", in: 4, out: 8, kernel: [3, 1], stride: [1, 1], padding: [none, none], groups: 4, bias: false },
    { kind: "activation", name: "act", function: "elu" },
    { kind: "pool", name: "pool", operation: "mean", window: [1, 3], stride: [1, 3], padding: [none, none] },
    { kind: "flatten", name: "flat" },
    { kind: "dense", name: "head", in: 24, out: 1 },
  ],
);

/** Global pools of both kinds, one beside the other through a sum. */
export const pooled = network(
  [2, 4, 4],
  [
    { kind: "conv", name: "first", in: 2, out: 3, kernel: [1, 1], stride: [1, 1], padding: "same", groups: 1, bias: true },
    { kind: "activation", name: "same", function: "linear" },
    { kind: "global-pool", name: "mean", from: "same", operation: "mean" },
    { kind: "global-pool", name: "max", from: "same", operation: "max" },
    { kind: "add", name: "sum", from: ["mean", "max"] },
    { kind: "activation", name: "act", function: "relu" },
    { kind: "dense", name: "head", in: 3, out: 1 },
  ],
);

/** Seven codes, each a row of numbers; rows are normalised, one by one and as what they come to together. */
export const codes = network(
  [7],
  [
    { kind: "embedding", name: "table", entries: 5, width: 4 },
    { kind: "layer-norm", name: "rows", features: 4, epsilon: 1e-5 },
    { kind: "dense", name: "wide", in: 4, out: 6 },
    { kind: "activation", name: "bend", function: "gelu" },
    { kind: "dense", name: "thin", in: 6, out: 4 },
    { kind: "add", name: "sum", from: ["thin", "rows"] },
    { kind: "transpose", name: "features" },
    { kind: "global-pool", name: "mean", operation: "mean" },
    { kind: "layer-norm", name: "row", features: 4, epsilon: 1e-3 },
    { kind: "dense", name: "head", in: 4, out: 1 },
  ],
);

/** Signed roots of what the layers before make, some of it below 0. */
export const rooted = network(
  [3, 4, 4],
  [
    { kind: "conv", name: "first", in: 3, out: 5, kernel: [2, 2], stride: [1, 1], padding: "same", groups: 1, bias: true },
    { kind: "global-pool", name: "mean", operation: "mean" },
    { kind: "activation", name: "roots", function: "signed-root" },
    { kind: "dense", name: "head", in: 5, out: 1 },
  ],
);

export const NETWORKS: Readonly<Record<string, Architecture>> = { picture, signal, plane, pooled, codes, rooted };

/** Weights of a size that lets signals through; variances are positive. */
export function randomTensors(architecture: Pick<Architecture, "layers">, seed = "weights"): ReadonlyMap<string, Float32Array> {
  const random = randomFrom([seed]);
  return new Map(
    tensorsOf(architecture).map((spec) => {
      const scale = 1.5 / Math.sqrt(Math.max(1, sizeOf(spec) / (spec.shape[0] ?? 1)));
      const value = spec.name.endsWith("/variance")
        ? () => 0.5 + random.uniform()
        : spec.name.endsWith("/gamma")
          ? () => 0.7 + 0.6 * random.uniform()
          : () => scale * (2 * random.uniform() - 1);
      return [spec.name, Float32Array.from({ length: sizeOf(spec) }, value)];
    }),
  );
}

export function randomSamples(architecture: Pick<Architecture, "input" | "layers">, rows: number, seed = "samples"): Float32Array {
  const random = randomFrom([seed]);
  const [first] = architecture.layers;
  const value = first?.kind === "embedding" ? () => random.below(first.entries) : () => 2 * random.uniform() - 1;
  return Float32Array.from({ length: rows * sizeOfShape(inputShape(architecture)) }, value);
}
