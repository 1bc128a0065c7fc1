/**
 * The layer IR as an ONNX file for inference (operator set 17, nothing but `ai.onnx`), batch left open. ONNX Runtime folds the
 * normalisations into the convolutions when it loads the file.
 */
import { shapesOf } from "../ir/architecture.ts";
import { INPUT, inputShape, sizeOfShape, sourcesOf, type Architecture, type Shape } from "../ir/layers.ts";
import { parametersOf } from "../ir/parameters.ts";
import { Graph, onnxFile } from "../onnx/graph.ts";
import { operatorOf } from "../onnx/operators/operators.ts";

type Network = Pick<Architecture, "input" | "layers">;

/** Names of the graph's one input and one output. */
export const GRAPH_INPUT = "samples";
export const GRAPH_OUTPUT = "features";

/**
 * Adds the forward pass of layers that fit together, from `GRAPH_INPUT` to `GRAPH_OUTPUT`, the last layer's output laid flat.
 * `valueOf` gives the graph's name of a parameter. Returns the numbers of one sample's output.
 */
export function addForward(graph: Graph, network: Network, valueOf: (name: string) => string): number {
  const shapes = shapesOf({ ...network, format: "engraft.layers/1", output: "logits" });
  const names = new Map([[INPUT, GRAPH_INPUT]]);
  network.layers.forEach((layer, index) => {
    const sources = sourcesOf(network.layers, index);
    const scope = {
      graph,
      layer,
      input: shapes.get(sources[0] as string) as Shape,
      output: shapes.get(layer.name) as Shape,
      parameter: (name: string) => valueOf(`${layer.name}/${name}`),
    };
    const inputs = sources.map((source) => names.get(source) as string);
    names.set(layer.name, operatorOf(layer).forward(scope, inputs));
  });
  const last = network.layers.at(-1)?.name ?? INPUT;
  graph.node("Flatten", [names.get(last) as string], [], [GRAPH_OUTPUT]);
  return sizeOfShape(shapes.get(last) as Shape);
}

/**
 * The file of layers that fit together: input `samples` [N, ...input], output `features` [N, size]. The layers are checked by the caller.
 */
export function onnxOf(network: Network, tensors: ReadonlyMap<string, Float32Array>): Uint8Array {
  const graph = new Graph();
  const shapes = new Map(network.layers.flatMap(parametersOf).map(({ name, shape }) => [name, shape]));
  const size = addForward(graph, network, (name) => graph.floats(tensors.get(name) as Float32Array, shapes.get(name) as Shape));
  return onnxFile(
    graph.body("layers", [{ name: GRAPH_INPUT, dims: ["batch", ...inputShape(network)] }], [{ name: GRAPH_OUTPUT, dims: ["batch", size] }]),
  );
}
