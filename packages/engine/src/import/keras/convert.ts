/** From a Keras model to Engraft's layers: each layer in turn, then blocks for the cut and a head where there is no classifier. */
import { Architectures } from "../../ir/architecture.ts";
import { cutsOf } from "../../ir/cut.ts";
import { INPUT, type Architecture, type Layer } from "../../ir/layers.ts";
import { parametersOf } from "../../ir/parameters.ts";
import { activation } from "./activations.ts";
import { conv, depthwise, globalPool, pool, separable, zeroPadding } from "./convolutions.ts";
import { broken, refuse } from "./config.ts";
import { Network, type Value, type Weights } from "./network.ts";
import { add, batchNorm, dense, dropout, flatten, gru, normalization, rescaling, reshape } from "./others.ts";
import { cannotBring, wrongFile } from "./refusal.ts";
import type { SourceLayer, SourceModel } from "./source.ts";

type One = (network: Network, source: SourceLayer, input: Value) => Value;

const LAYERS: Readonly<Record<string, One>> = {
  Conv1D: conv,
  Conv2D: conv,
  DepthwiseConv1D: depthwise,
  DepthwiseConv2D: depthwise,
  SeparableConv1D: separable,
  SeparableConv2D: separable,
  BatchNormalization: batchNorm,
  Activation: activation,
  ReLU: activation,
  ELU: activation,
  Softmax: activation,
  MaxPooling1D: pool,
  MaxPooling2D: pool,
  AveragePooling1D: pool,
  AveragePooling2D: pool,
  GlobalMaxPooling1D: globalPool,
  GlobalMaxPooling2D: globalPool,
  GlobalAveragePooling1D: globalPool,
  GlobalAveragePooling2D: globalPool,
  ZeroPadding1D: zeroPadding,
  ZeroPadding2D: zeroPadding,
  Flatten: flatten,
  Reshape: reshape,
  Dropout: dropout,
  Dense: dense,
  GRU: gru,
  Rescaling: rescaling,
  Normalization: normalization,
};

const MOST_FEATURES = 65_536;

export interface Converted {
  readonly architecture: Architecture;
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** What the model itself does to each channel of its input first, x scale + offset; undefined where nothing. */
  readonly scaled: { readonly scale: readonly number[]; readonly offset: readonly number[] } | undefined;
}

/** `size`: pixels of width and height of a model that takes any. Throws `bad-input`. */
export function convert(model: SourceModel, weights: Weights, size: number | undefined): Converted {
  const shape = inputShape(model, size);
  const network = new Network(weights);
  const input: Value = { from: INPUT, shape, form: shape.length === 1 ? "row" : "space" };
  finish(network, outputOf(network, model, input));
  const [channels, ...space] = [shape.at(-1) as number, ...shape.slice(0, -1)];
  const architecture: Architecture = { format: "engraft.layers/1", input: [channels, ...space], layers: network.layers, output: "logits" };
  const parsed = Architectures.safeParse(architecture);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw wrongFile(`its layers do not fit together: ${first?.message ?? "no reason given"} (${first?.path.join(".") ?? ""})`);
  }
  const { scaled } = network;
  const found = { ...parsed.data, layers: withBlocks(parsed.data) };
  return { architecture: found, tensors: network.tensors, scaled: scaled === "not yet" ? undefined : scaled };
}

function inputShape({ shape }: SourceModel, size: number | undefined): readonly number[] {
  if (shape === undefined) throw wrongFile("it does not say the shape of its input; call the model once before saving it");
  const isPicture = shape.length === 3 && shape[2] !== null;
  if (size !== undefined && (!Number.isInteger(size) || size < 1 || size > 1024)) throw wrongFile("--size takes pixels up to 1024");
  if (isPicture && size !== undefined && shape.slice(0, 2).some((length) => length !== null && length !== size))
    throw wrongFile(`its pictures have ${shape[1]} x ${shape[0]} pixels: leave out --size`);
  const known = shape.map((length, axis) => length ?? (isPicture && axis < 2 ? size : undefined));
  if (known.some((length) => length === undefined))
    throw wrongFile(isPicture ? "it takes pictures of any size: say with --size which" : "the size of its input is left open");
  return known as readonly number[];
}

function outputOf(network: Network, model: SourceModel, input: Value): Value {
  const values = new Map<string, Value>();
  for (const source of model.layers) {
    const given = source.inputs.map((name) => {
      const value = values.get(name);
      if (value === undefined) throw broken(source, "takes from a layer that does not stand before it");
      return value;
    });
    values.set(source.name, isFirst(model, source) && given.length === 0 ? first(network, source, input) : applied(network, source, given));
  }
  const output = values.get(model.output);
  if (output === undefined) throw wrongFile("its output is no layer");
  return output;
}

const isFirst = (model: SourceModel, source: SourceLayer): boolean =>
  source.name === model.input || (model.input === undefined && source === model.layers[0]);

const first = (network: Network, source: SourceLayer, input: Value): Value =>
  source.kind === "InputLayer" ? input : applied(network, source, [input]);

function applied(network: Network, source: SourceLayer, given: readonly Value[]): Value {
  if (source.kind === "Add") return add(network, source, given);
  const layer = Object.hasOwn(LAYERS, source.kind) ? LAYERS[source.kind] : undefined;
  if (layer === undefined && source.model === undefined) throw refuse(source, "is of a class that Engraft's layers have not");
  const [input] = given;
  if (input === undefined || given.length > 1) throw refuse(source, `takes ${given.length} inputs`);
  if (source.model !== undefined) return outputOf(network, source.model, input);
  return (layer as One)(network, source, input);
}

/** Leaves the classifier's logits at the end, or puts a head of zeros behind features. */
function finish({ layers, tensors }: Network, output: Value): void {
  const end = layers.findLastIndex((layer) => layer.name === output.from);
  if (end < 0 || end < layers.length - 1) throw cannotBring("The model's output is not what its last layer gives");
  if (output.form !== "row") {
    const shape = output.shape.join(" x ");
    throw wrongFile(`it ends with features of ${shape} and no classifier: put a GlobalAveragePooling2D layer behind it and save it anew`);
  }
  const [before, last] = layers.slice(-2) as [Layer | undefined, Layer | undefined];
  const isProbability = last?.kind === "activation" && last.function === "sigmoid" && last.from === undefined && before?.kind === "dense";
  if (isProbability) layers.pop();
  if (layers.at(-1)?.kind === "dense") return;
  const width = output.shape.at(-1) as number;
  if (width > MOST_FEATURES) throw cannotBring(`The model ends with ${width} features, which are too many for a head`);
  layers.push({ kind: "dense", name: "head", in: width, out: 1 });
  tensors.set("head/kernel", new Float32Array(width));
  tensors.set("head/bias", new Float32Array(1));
}

/** A block begins at a layer with weights in front of which the model can be cut; normalisations belong to what they follow. */
function withBlocks(architecture: Architecture): Layer[] {
  const cuts = new Set(cutsOf(architecture).map(({ layers }) => layers));
  let [block, blocks] = [undefined as string | undefined, 0];
  return architecture.layers.map((layer, index) => {
    const hasWeights = parametersOf(layer).length > 0;
    const isLast = index === architecture.layers.length - 1;
    if (isLast) return layer;
    if (hasWeights && (block === undefined || (layer.kind !== "batch-norm" && cuts.has(index)))) block = `block${++blocks}`;
    return block === undefined ? layer : { ...layer, block };
  });
}
