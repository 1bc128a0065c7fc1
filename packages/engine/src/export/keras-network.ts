/**
 * From the layer IR to layers of Keras, channels last. A value of several dimensions lies either channels last (`last`) or as the IR has it
 * (`first`); for [a, b] one is the other turned, so that the IR's transpose costs nothing.
 */
import { inputShape, INPUT, ROOT_ROOM, sourcesOf, type Layer, type LayerOf, type Shape } from "../ir/layers.ts";
import { paddingOf } from "../ir/shapes.ts";
import { convolution } from "./keras-convolution.ts";
import type { Flavour, KerasLayer, KerasWeight } from "./keras-layers.ts";
import { predictionOf } from "./prediction.ts";
import { CannotHold, type ReadySource } from "./source.ts";

type Form = "last" | "first";

export interface Value {
  readonly from: string;
  /** As it lies, without the batch. */
  readonly shape: Shape;
  readonly form: Form;
  /** Nothing in it is below zero. */
  readonly positive: boolean;
}

const POSITIVE: ReadonlySet<string> = new Set(["relu", "relu6", "sigmoid"]);

export class KerasNetwork {
  readonly layers: KerasLayer[] = [];
  readonly flavour: Flavour;
  readonly #tensors: ReadonlyMap<string, Float32Array>;

  constructor(flavour: Flavour, tensors: ReadonlyMap<string, Float32Array>) {
    this.flavour = flavour;
    this.#tensors = tensors;
  }

  add(
    layer: Omit<KerasLayer, "inputs" | "weights"> & Partial<Pick<KerasLayer, "weights">>,
    inputs: readonly Value[],
    form: Form = "last",
  ): Value {
    this.layers.push({ weights: [], ...layer, inputs: inputs.map(({ from }) => from) });
    return { from: layer.name, shape: layer.shape, form, positive: false };
  }

  /** A parameter of the IR as it is there. */
  values(layer: Layer, name: string): Float32Array {
    return this.#tensors.get(`${layer.name}/${name}`) as Float32Array;
  }

  weight(layer: Layer, name: string, shape: Shape, called = name): KerasWeight {
    return { name: called, shape, values: this.values(layer, name) };
  }

  /** The value as a layer needs it. `name` of the layer that may have to be put in between. */
  inForm(value: Value, form: Form, name: string): Value {
    if (value.form === form || value.shape.length === 1) return value;
    const rank = value.shape.length;
    const dims = rank === 2 ? [2, 1] : form === "first" ? [3, 1, 2] : [2, 3, 1];
    const shape = dims.map((dim) => value.shape[dim - 1] as number);
    return { ...this.add({ kind: "Permute", name: `${name}-turned`, config: { dims }, shape }, [value], form), positive: value.positive };
  }

  /** Zeros around every dimension of space. */
  padded(value: Value, padding: readonly (readonly [number, number])[], name: string): Value {
    const [channels, space] = [value.shape.at(-1) as number, value.shape.slice(0, -1)];
    const around = (lengths: Shape, pads: typeof padding): number[] =>
      lengths.map((length, axis) => length + (pads[axis]?.[0] ?? 0) + (pads[axis]?.[1] ?? 0));
    const shape = [...around(space, padding), channels];
    const { positive } = value;
    const data_format = "channels_last";
    if (space.length === 2)
      return { ...this.add({ kind: "ZeroPadding2D", name: `${name}-pad`, config: { padding, data_format }, shape }, [value]), positive };
    if (this.flavour.isWhole)
      return {
        ...this.add({ kind: "ZeroPadding1D", name: `${name}-pad`, config: { padding: padding[0], data_format }, shape }, [value]),
        positive,
      };
    const plane = this.reshaped(value, [1, ...value.shape], `${name}-plane`);
    const wide = this.padded(plane, [[0, 0], ...padding], name);
    return { ...this.reshaped(wide, shape, `${name}-line`), positive };
  }

  reshaped(value: Value, shape: Shape, name: string): Value {
    return this.add({ kind: "Reshape", name, config: { target_shape: shape }, shape }, [value], value.form);
  }
}

/** The network from raw values (of a table: from what its rules make of a row) to predictions. Throws `CannotHold`. */
export function kerasLayers(source: ReadySource, flavour: Flavour): readonly KerasLayer[] {
  const { architecture, tensors, manifest } = source;
  const network = new KerasNetwork(flavour, tensors);
  const values = new Map([[INPUT, entry(network, source)]]);
  architecture.layers.forEach((layer, index) => {
    const inputs = sourcesOf(architecture.layers, index).map((name) => values.get(name) as Value);
    values.set(layer.name, applied(network, layer, inputs));
  });
  const last = values.get(architecture.layers.at(-1)?.name ?? INPUT) as Value;
  const prediction = predictionOf(manifest.label);
  const { shape } = last;
  // Layers of the IR have no such names: a hyphen stands in none of theirs.
  if (prediction.kind === "sigmoid" || prediction.kind === "softmax")
    network.add({ kind: "Activation", name: "prediction-probabilities", config: { activation: prediction.kind }, shape }, [last]);
  if (prediction.kind === "scale") {
    const { half: scale, min: offset } = prediction;
    const above = network.add({ kind: "Rescaling", name: "prediction-above", config: { scale: 1, offset: 1 }, shape }, [last]);
    const within = network.add({ kind: "ReLU", name: "prediction-within", config: { max_value: 2 }, shape }, [above]);
    network.add({ kind: "Rescaling", name: "prediction-value", config: { scale, offset }, shape }, [within]);
  }
  return network.layers;
}

function entry(network: KerasNetwork, { architecture, file }: ReadySource): Value {
  const [channels = 0, ...space] = inputShape(architecture);
  const shape = [...space, channels];
  const input = network.add({ kind: "InputLayer", name: INPUT, config: {}, shape }, []);
  if (file === undefined) return input;
  const { mean, sd } = file.rule;
  const name = "input-normalised";
  const variance = sd.map((value) => value * value);
  if (network.flavour.isWhole)
    return network.add({ kind: "Normalization", name, config: { axis: [-1], invert: false, mean, variance }, shape }, [input]);
  const each = (called: string, values: readonly number[]): KerasWeight => ({
    name: called,
    shape: [channels],
    values: Float32Array.from(values),
  });
  const none = Array<number>(channels).fill(0);
  const weights = [
    each(
      "gamma",
      none.map(() => 1),
    ),
    each("beta", none),
    each("moving_mean", mean),
    each("moving_variance", variance),
  ];
  return network.add({ kind: "BatchNormalization", name, config: { ...NORM, epsilon: 0, trainable: false }, shape, weights }, [input]);
}

const NORM = { axis: -1, momentum: 0.99, center: true, scale: true };

function applied(network: KerasNetwork, layer: Layer, inputs: readonly Value[]): Value {
  const [given, beside] = inputs as [Value, Value | undefined];
  const { name } = layer;
  switch (layer.kind) {
    case "dense":
      return dense(network, layer, given);
    case "conv":
      return convolution(network, layer, network.inForm(given, "last", name));
    case "batch-norm": {
      const x = network.inForm(given, "last", name);
      const parts = [["gamma"], ["beta"], ["mean", "moving_mean"], ["variance", "moving_variance"]] as const;
      const weights = parts.map(([part, called]) => network.weight(layer, part, [layer.channels], called));
      return network.add({ kind: "BatchNormalization", name, config: { ...NORM, epsilon: layer.epsilon }, shape: x.shape, weights }, [x]);
    }
    case "layer-norm": {
      const x = network.inForm(given, "first", name);
      const weights = ["gamma", "beta"].map((part) => network.weight(layer, part, [layer.features]));
      const config = { axis: [-1], epsilon: layer.epsilon, center: true, scale: true };
      return network.add({ kind: "LayerNormalization", name, config, shape: x.shape, weights }, [x], x.form);
    }
    case "embedding": {
      const weights = [network.weight(layer, "kernel", [layer.entries, layer.width], "embeddings")];
      const config = { input_dim: layer.entries, output_dim: layer.width, mask_zero: false };
      return network.add({ kind: "Embedding", name, config, shape: [...given.shape, layer.width], weights }, [given], "first");
    }
    case "activation": {
      if (layer.function === "signed-root") return signedRoot(network, name, given);
      const activation = layer.function === "silu" ? network.flavour.silu : layer.function;
      const value = network.add({ kind: "Activation", name, config: { activation }, shape: given.shape }, [given], given.form);
      return { ...value, positive: POSITIVE.has(activation) };
    }
    case "add": {
      const [a, b] = [given, beside as Value].map((value, at) => network.inForm(value, "last", `${name}-${at}`)) as [Value, Value];
      return { ...network.add({ kind: "Add", name, config: {}, shape: a.shape }, [a, b]), positive: a.positive && b.positive };
    }
    case "pool":
      return pool(network, layer, network.inForm(given, "last", name));
    case "global-pool": {
      const x = network.inForm(given, "last", name);
      const kind = `Global${layer.operation === "max" ? "Max" : "Average"}Pooling${x.shape.length - 1}D`;
      const config = { data_format: "channels_last", ...(network.flavour.isWhole ? { keepdims: false } : {}) };
      return { ...network.add({ kind, name, config, shape: x.shape.slice(-1) }, [x]), positive: x.positive };
    }
    case "flatten": {
      const x = network.inForm(given, "first", name);
      const shape = [x.shape.reduce((product, length) => product * length, 1)];
      return network.add({ kind: "Flatten", name, config: { data_format: "channels_last" }, shape }, [x]);
    }
    case "transpose":
      return { ...given, form: given.form === "last" ? "first" : "last" };
    case "plane": {
      const x = network.inForm(given, "first", name);
      return { ...network.reshaped(x, [...x.shape, 1], name), form: "last", positive: x.positive };
    }
    case "dropout":
      return network.add(
        { kind: "Dropout", name, config: { rate: layer.rate, seed: null, noise_shape: null }, shape: given.shape },
        [given],
        given.form,
      );
    case "gru":
      return gru(network, layer, network.inForm(given, "first", name));
    default:
      return layer satisfies never;
  }
}

function dense(network: KerasNetwork, layer: LayerOf<"dense">, given: Value): Value {
  const x = network.inForm(given, "first", layer.name);
  const weights = [network.weight(layer, "kernel", [layer.in, layer.out]), network.weight(layer, "bias", [layer.out])];
  const config = { units: layer.out, activation: "linear", use_bias: true };
  return network.add({ kind: "Dense", name: layer.name, config, shape: [...x.shape.slice(0, -1), layer.out], weights }, [x], "first");
}

/** x times 1 / sqrt(|x| + room). Keras has the two functions as operations alone, under the names by which it writes them itself. */
function signedRoot(network: KerasNetwork, name: string, given: Value): Value {
  if (!network.flavour.isWhole) throw new CannotHold(`${network.flavour.name} has no signed root as an activation, which layer ${name} is`);
  const { shape, form } = given;
  const operation = (kind: string, module: string, called: string, value: Value): Value =>
    network.add({ kind, module: `keras.src.ops.${module}`, name: `${name}-${called}`, config: {}, shape }, [value], form);
  const size = operation("Absolute", "numpy", "size", given);
  const room = network.add({ kind: "Rescaling", name: `${name}-room`, config: { scale: 1, offset: ROOT_ROOM }, shape }, [size], form);
  const divisor = operation("Rsqrt", "math", "divisor", room);
  return network.add({ kind: "Multiply", name, config: {}, shape }, [given, divisor], form);
}

/** Keras pads only as TensorFlow does, and zeros that it is given count. */
function pool(network: KerasNetwork, layer: LayerOf<"pool">, x: Value): Value {
  const { name, window, stride, operation } = layer;
  const space = x.shape.slice(0, -1);
  const padding = paddingOf(layer.padding, space, window, stride);
  const isNone = padding.flat().every((length) => length === 0);
  const isSame = JSON.stringify(padding) === JSON.stringify(paddingOf("same", space, window, stride));
  if (!isNone && !isSame && !(operation === "max" && x.positive))
    throw new CannotHold(`${network.flavour.name} has no pool that pads as layer ${name} does`);
  const entered = isNone || isSame ? x : network.padded(x, padding, name);
  const shape = [
    ...space.map((length, axis) => {
      const [before, after] = padding[axis] as readonly [number, number];
      return Math.floor((length + before + after - (window[axis] as number)) / (stride[axis] as number)) + 1;
    }),
    x.shape.at(-1) as number,
  ];
  const config = { pool_size: window, strides: stride, padding: isSame && !isNone ? "same" : "valid", data_format: "channels_last" };
  const kind = `${operation === "max" ? "Max" : "Average"}Pooling${space.length}D`;
  return { ...network.add({ kind, name, config, shape }, [entered]), positive: x.positive };
}

/** Gates and their order are Keras's own, with `reset_after`. */
function gru(network: KerasNetwork, layer: LayerOf<"gru">, x: Value): Value {
  if (!network.flavour.isWhole)
    throw new CannotHold(
      `${network.flavour.name} has no recurrent unit whose reset gate acts after the product, as layer ${layer.name}'s does`,
    );
  const { name, units } = layer;
  const weights = [
    network.weight(layer, "kernel", [layer.in, 3 * units]),
    network.weight(layer, "recurrent", [units, 3 * units], "recurrent_kernel"),
    network.weight(layer, "bias", [2, 3 * units]),
  ];
  const config = {
    units,
    activation: "tanh",
    recurrent_activation: "sigmoid",
    use_bias: true,
    return_sequences: false,
    return_state: false,
  };
  return network.add({ kind: "GRU", name, config: { ...config, reset_after: true }, shape: [units], weights, within: "cell" }, [x]);
}
