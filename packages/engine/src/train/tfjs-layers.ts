/**
 * The layers in TensorFlow.js. Tensors stay in canonical order, channels first, between layers; convolutions turn them to
 * channels last, which is all that TensorFlow.js computes on every backend, and back. Parameters are turned inside the graph,
 * so gradients come out in canonical order.
 */
import * as tf from "@tensorflow/tfjs-core";
import { ROOT_ROOM, type Layer, type LayerOf } from "../ir/layers.ts";
import { paddingOf, twoOf } from "../ir/shapes.ts";

export interface Pass {
  /** A parameter of a layer. */
  readonly parameter: (layer: Layer, name: string) => tf.Tensor;
  /** Whether the layer's batch statistics are used, and learnt. */
  readonly learnsStatistics: (layer: LayerOf<"batch-norm">) => boolean;
  /** Called where they are, with the batch's mean and unbiased variance [channels]. */
  readonly statistics: (layer: LayerOf<"batch-norm">, mean: tf.Tensor, variance: tf.Tensor) => void;
  /** `size` factors of a dropout layer; undefined outside training. */
  readonly kept: (layer: LayerOf<"dropout">, size: number) => Float32Array | undefined;
}

/** [N, C, L] or [N, C, H, W] to [N, H, W, C], with H = 1 for a signal. */
function channelsLast(x: tf.Tensor): tf.Tensor4D {
  const image = x.rank === 3 ? tf.expandDims(x, 2) : x;
  return tf.transpose(image, [0, 2, 3, 1]) as tf.Tensor4D;
}

function channelsFirst(x: tf.Tensor4D, rank: number): tf.Tensor {
  const image = tf.transpose(x, [0, 3, 1, 2]);
  return rank === 3 ? tf.squeeze(image, [2]) : image;
}

function padded(x: tf.Tensor4D, padding: readonly (readonly [number, number])[], value = 0): tf.Tensor4D {
  const [rows, columns] = twoOf(padding, [0, 0] as readonly [number, number]);
  if ([...rows, ...columns].every((size) => size === 0)) return x;
  return tf.pad(x, [[0, 0], [...rows], [...columns], [0, 0]], value);
}

function conv(pass: Pass, layer: LayerOf<"conv">, x: tf.Tensor): tf.Tensor {
  const space = x.shape.slice(2);
  const input = padded(channelsLast(x), paddingOf(layer.padding, space, layer.kernel, layer.stride));
  const strides = [...twoOf(layer.stride, 1)] as [number, number];
  const [height, width] = twoOf(layer.kernel, 1);
  const each = layer.in / layer.groups;
  const kernel = tf.transpose(tf.reshape(pass.parameter(layer, "kernel"), [layer.out, each, height, width]), [2, 3, 1, 0]);
  const convolved = convolve(layer, input, kernel as tf.Tensor4D, strides);
  const output = layer.bias ? tf.add(convolved, pass.parameter(layer, "bias")) : convolved;
  return channelsFirst(output as tf.Tensor4D, x.rank);
}

/** `kernel` [height, width, in / groups, out]. */
function convolve(
  { groups, in: channels, out }: LayerOf<"conv">,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  strides: [number, number],
): tf.Tensor4D {
  if (groups === 1) return tf.conv2d(x, kernel, strides, "valid");
  // Outputs are ordered by group, and within a group by multiplier: just as a depthwise kernel [height, width, in, multiplier] has them.
  if (groups === channels) {
    const [height, width] = kernel.shape;
    return tf.depthwiseConv2d(x, tf.reshape<tf.Rank.R4>(kernel, [height, width, channels, out / channels]), strides, "valid");
  }
  const inputs = tf.split(x, groups, 3);
  const kernels = tf.split(kernel, groups, 3);
  return tf.concat<tf.Tensor4D>(
    inputs.map((part, group) => tf.conv2d(part as tf.Tensor4D, kernels[group] as tf.Tensor4D, strides, "valid")),
    3,
  );
}

/** Shape that lets one value per channel meet [N, C, ...]. */
const perChannel = (values: tf.Tensor, rank: number): tf.Tensor => tf.reshape(values, [1, values.size, ...Array<number>(rank - 2).fill(1)]);

function batchNorm(pass: Pass, layer: LayerOf<"batch-norm">, x: tf.Tensor): tf.Tensor {
  let mean: tf.Tensor = pass.parameter(layer, "mean");
  let variance: tf.Tensor = pass.parameter(layer, "variance");
  if (pass.learnsStatistics(layer)) {
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const values = x.size / layer.channels;
    ({ mean, variance } = tf.moments(x, axes));
    pass.statistics(layer, mean, tf.mul(variance, values / Math.max(1, values - 1)));
  }
  const scale = tf.mul(pass.parameter(layer, "gamma"), tf.rsqrt(tf.add(variance, layer.epsilon)));
  const shift = tf.sub(pass.parameter(layer, "beta"), tf.mul(mean, scale));
  return tf.add(tf.mul(x, perChannel(scale, x.rank)), perChannel(shift, x.rank));
}

const ACTIVATIONS: Readonly<Record<LayerOf<"activation">["function"], (x: tf.Tensor) => tf.Tensor>> = {
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.clipByValue(x, 0, 6),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  elu: (x) => tf.elu(x),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  "signed-root": (x) => tf.div(x, tf.sqrt(tf.add(tf.abs(x), ROOT_ROOM))),
  linear: (x) => x,
};

/** Below every number that a model makes, and still finite: 0 times it is 0. */
const LOWEST = -3e38;

function pool(layer: LayerOf<"pool">, x: tf.Tensor): tf.Tensor {
  const input = channelsLast(x);
  const padding = paddingOf(layer.padding, x.shape.slice(2), layer.window, layer.stride);
  const [window, stride] = [layer.window, layer.stride].map((list) => [...twoOf(list, 1)]) as [[number, number], [number, number]];
  if (layer.operation === "max") return channelsFirst(tf.maxPool(padded(input, padding, LOWEST), window, stride, "valid"), x.rank);
  const means = (values: tf.Tensor4D): tf.Tensor4D => tf.avgPool(padded(values, padding), window, stride, "valid");
  if (padding.every(([before, after]) => before + after === 0)) return channelsFirst(means(input), x.rank);
  // Padding does not count: divided by the share of the window that is input.
  return channelsFirst(tf.div(means(input), means(tf.ones([1, ...input.shape.slice(1, 3), 1] as [1, number, number, 1]))), x.rank);
}

function gru(pass: Pass, layer: LayerOf<"gru">, x: tf.Tensor): tf.Tensor {
  const [rows, steps] = x.shape as [number, number, number];
  const [inputBias, recurrentBias] = tf.unstack(pass.parameter(layer, "bias"), 0) as [tf.Tensor, tf.Tensor];
  const kernel = pass.parameter(layer, "kernel") as tf.Tensor2D;
  const recurrent = pass.parameter(layer, "recurrent") as tf.Tensor2D;
  const flat = tf.reshape<tf.Rank.R2>(x, [rows * steps, layer.in]);
  const inputs = tf.unstack(tf.reshape(tf.add(tf.matMul(flat, kernel), inputBias), [rows, steps, 3 * layer.units]), 1);
  let state: tf.Tensor2D = tf.zeros([rows, layer.units]);
  for (const input of inputs) {
    const [xz, xr, xh] = tf.split(input, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [hz, hr, hh] = tf.split(tf.add(tf.matMul(state, recurrent), recurrentBias), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const update = tf.sigmoid(tf.add(xz, hz));
    const reset = tf.sigmoid(tf.add(xr, hr));
    const candidate = tf.tanh(tf.add(xh, tf.mul(reset, hh)));
    state = tf.add(candidate, tf.mul(update, tf.sub(state, candidate)));
  }
  return state;
}

function dense(pass: Pass, layer: LayerOf<"dense">, x: tf.Tensor): tf.Tensor {
  const flat = x.rank === 2 ? x : tf.reshape(x, [-1, layer.in]);
  const output = tf.add(tf.matMul(flat as tf.Tensor2D, pass.parameter(layer, "kernel") as tf.Tensor2D), pass.parameter(layer, "bias"));
  return x.rank === 2 ? output : tf.reshape(output, [...x.shape.slice(0, -1), layer.out]);
}

function layerNorm(pass: Pass, layer: LayerOf<"layer-norm">, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const unit = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, layer.epsilon)));
  return tf.add(tf.mul(unit, pass.parameter(layer, "gamma")), pass.parameter(layer, "beta"));
}

/** As a product: not every backend has the gradient of a gathering. */
function embedding(pass: Pass, layer: LayerOf<"embedding">, x: tf.Tensor): tf.Tensor {
  const codes = tf.cast(tf.clipByValue(tf.round(tf.reshape(x, [-1])), 0, layer.entries - 1), "int32");
  const chosen = tf.cast(tf.oneHot(codes, layer.entries), "float32");
  const rows = tf.matMul(chosen, pass.parameter(layer, "kernel"));
  return tf.reshape(rows, [...x.shape, layer.width]);
}

function dropout(pass: Pass, layer: LayerOf<"dropout">, x: tf.Tensor): tf.Tensor {
  const factors = layer.rate === 0 ? undefined : pass.kept(layer, x.size);
  return factors === undefined ? x : tf.mul(x, tf.tensor(factors, x.shape, "float32"));
}

/** One layer's output, [N, ...shape]. */
export function applyLayer(pass: Pass, layer: Layer, inputs: readonly tf.Tensor[]): tf.Tensor {
  const x = inputs[0] as tf.Tensor;
  switch (layer.kind) {
    case "dense":
      return dense(pass, layer, x);
    case "conv":
      return conv(pass, layer, x);
    case "batch-norm":
      return batchNorm(pass, layer, x);
    case "layer-norm":
      return layerNorm(pass, layer, x);
    case "embedding":
      return embedding(pass, layer, x);
    case "activation":
      return ACTIVATIONS[layer.function](x);
    case "add":
      return tf.add(x, inputs[1] as tf.Tensor);
    case "pool":
      return pool(layer, x);
    case "global-pool": {
      const space = x.shape.map((_, axis) => axis).slice(2);
      return layer.operation === "max" ? tf.max(x, space) : tf.mean(x, space);
    }
    case "flatten":
      return tf.reshape(x, [x.shape[0], -1]);
    case "transpose":
      return tf.transpose(x, [0, 2, 1]);
    case "plane":
      return tf.expandDims(x, 1);
    case "dropout":
      return dropout(pass, layer, x);
    case "gru":
      return gru(pass, layer, x);
    default:
      return layer satisfies never;
  }
}
