/**
 * The layer IR as an ONNX file for inference (operator set 17, nothing but `ai.onnx`), batch left open. ONNX Runtime folds the
 * normalisations into the convolutions when it loads the file.
 */
import { paddingOf } from "../ir/shapes.ts";
import { INPUT, inputShape, sizeOfShape, sourcesOf, type Architecture, type Layer, type LayerOf, type Shape } from "../ir/layers.ts";
import { shapesOf } from "../ir/architecture.ts";
import { attribute, Graph, onnxFile } from "../onnx/graph.ts";

type Tensors = ReadonlyMap<string, Float32Array>;

/** A graph that knows the model's parameters. */
class Network extends Graph {
  readonly #tensors: Tensors;

  constructor(tensors: Tensors) {
    super();
    this.#tensors = tensors;
  }

  parameter(layer: Layer, name: string): Float32Array {
    return this.#tensors.get(`${layer.name}/${name}`) as Float32Array;
  }
}

/** Begin of every dimension, then end of every dimension. */
const pads = (padding: readonly (readonly [number, number])[]) =>
  attribute.ints("pads", [...padding.map(([before]) => before), ...padding.map(([, after]) => after)]);

function dense(graph: Network, layer: LayerOf<"dense">, x: string): string {
  const kernel = graph.floats(graph.parameter(layer, "kernel"), [layer.in, layer.out]);
  return graph.node("Add", [graph.node("MatMul", [x, kernel]), graph.floats(graph.parameter(layer, "bias"), [layer.out])]);
}

function conv(graph: Network, layer: LayerOf<"conv">, x: string, shape: Shape): string {
  const kernel = graph.floats(graph.parameter(layer, "kernel"), [layer.out, layer.in / layer.groups, ...layer.kernel]);
  const bias = layer.bias ? [graph.floats(graph.parameter(layer, "bias"), [layer.out])] : [];
  return graph.node(
    "Conv",
    [x, kernel, ...bias],
    [
      attribute.ints("kernel_shape", layer.kernel),
      attribute.ints("strides", layer.stride),
      pads(paddingOf(layer.padding, shape.slice(1), layer.kernel, layer.stride)),
      attribute.int("group", layer.groups),
    ],
  );
}

function batchNorm(graph: Network, layer: LayerOf<"batch-norm">, x: string): string {
  const parts = ["gamma", "beta", "mean", "variance"].map((name) => graph.floats(graph.parameter(layer, name), [layer.channels]));
  return graph.node("BatchNormalization", [x, ...parts], [attribute.float("epsilon", layer.epsilon)]);
}

function activation(graph: Network, layer: LayerOf<"activation">, x: string): string {
  switch (layer.function) {
    case "relu":
      return graph.node("Relu", [x]);
    case "relu6":
      return graph.node("Clip", [x, graph.scalar(0), graph.scalar(6)]);
    case "silu":
      return graph.node("Mul", [x, graph.node("Sigmoid", [x])]);
    case "gelu": {
      const erf = graph.node("Erf", [graph.node("Mul", [x, graph.scalar(Math.SQRT1_2)])]);
      return graph.node("Mul", [graph.node("Mul", [x, graph.scalar(0.5)]), graph.node("Add", [erf, graph.scalar(1)])]);
    }
    case "elu":
      return graph.node("Elu", [x]);
    case "tanh":
      return graph.node("Tanh", [x]);
    case "sigmoid":
      return graph.node("Sigmoid", [x]);
    case "linear":
      return x;
    default:
      return layer.function satisfies never;
  }
}

function pool(graph: Network, layer: LayerOf<"pool">, x: string, shape: Shape): string {
  return graph.node(
    layer.operation === "max" ? "MaxPool" : "AveragePool",
    [x],
    [
      attribute.ints("kernel_shape", layer.window),
      attribute.ints("strides", layer.stride),
      pads(paddingOf(layer.padding, shape.slice(1), layer.window, layer.stride)),
    ],
  );
}

/** x [N, T, in]; ONNX has the steps first, and the matrices the other way round. */
function gru(graph: Network, layer: LayerOf<"gru">, x: string): string {
  const turned = (values: Float32Array, rows: number): string => {
    const columns = 3 * layer.units;
    const result = new Float32Array(values.length);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] as number;
    return graph.floats(result, [1, columns, rows]);
  };
  const steps = graph.node("Transpose", [x], [attribute.ints("perm", [1, 0, 2])]);
  const kernel = turned(graph.parameter(layer, "kernel"), layer.in);
  const recurrent = turned(graph.parameter(layer, "recurrent"), layer.units);
  const bias = graph.floats(graph.parameter(layer, "bias"), [1, 6 * layer.units]);
  const options = [attribute.int("hidden_size", layer.units), attribute.int("linear_before_reset", 1)];
  const last = graph.node("GRU", [steps, kernel, recurrent, bias], options, ["", graph.fresh()]);
  return graph.node("Squeeze", [last, graph.integers([0])]);
}

function lowered(graph: Network, layer: Layer, inputs: readonly string[], shape: Shape): string {
  const x = inputs[0] as string;
  switch (layer.kind) {
    case "dense":
      return dense(graph, layer, x);
    case "conv":
      return conv(graph, layer, x, shape);
    case "batch-norm":
      return batchNorm(graph, layer, x);
    case "activation":
      return activation(graph, layer, x);
    case "add":
      return graph.node("Add", inputs);
    case "pool":
      return pool(graph, layer, x, shape);
    case "global-pool":
      return graph.node("Flatten", [graph.node(layer.operation === "max" ? "GlobalMaxPool" : "GlobalAveragePool", [x])]);
    case "flatten":
      return graph.node("Flatten", [x]);
    case "transpose":
      return graph.node("Transpose", [x], [attribute.ints("perm", [0, 2, 1])]);
    case "plane":
      return graph.node("Unsqueeze", [x, graph.integers([1])]);
    case "dropout":
      return x;
    case "gru":
      return gru(graph, layer, x);
    default:
      return layer satisfies never;
  }
}

/** Names of the graph's one input and one output. */
export const GRAPH_INPUT = "samples";
export const GRAPH_OUTPUT = "features";

/**
 * The file of layers that fit together: input `samples` [N, ...input], output `features` [N, size], the last layer's output laid flat.
 * The layers are checked by the caller.
 */
export function onnxOf(network: Pick<Architecture, "input" | "layers">, tensors: Tensors): Uint8Array {
  const graph = new Network(tensors);
  const shapes = shapesOf({ ...network, format: "engraft.layers/1", output: "logits" });
  const names = new Map([[INPUT, GRAPH_INPUT]]);
  network.layers.forEach((layer, index) => {
    const sources = sourcesOf(network.layers, index);
    const inputs = sources.map((source) => names.get(source) as string);
    names.set(layer.name, lowered(graph, layer, inputs, shapes.get(sources[0] as string) as Shape));
  });
  const last = network.layers.at(-1)?.name ?? INPUT;
  graph.node("Flatten", [names.get(last) as string], [], [GRAPH_OUTPUT]);
  return onnxFile(
    graph.body(
      "layers",
      [{ name: GRAPH_INPUT, dims: ["batch", ...inputShape(network)] }],
      [{ name: GRAPH_OUTPUT, dims: ["batch", sizeOfShape(shapes.get(last) as Shape)] }],
    ),
  );
}
