/**
 * The gated recurrent unit, for inference: x [batch, steps, in] to the last state [batch, units]. ONNX has the steps first and the matrices
 * the other way round; the order of the gates and the place of the reset gate (`linear_before_reset`) are those of the layer IR.
 */
import { attribute, type Graph } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { permuted, reshape } from "../arrange.ts";
import type { Operator } from "./operator.ts";

/** [rows, 3 units] to [1, 3 units, rows]. */
const turned = (graph: Graph, matrix: string): string => graph.node("Unsqueeze", [permuted(graph, matrix, [1, 0]), graph.integers([0])]);

export const gru: Operator<LayerOf<"gru">> = {
  forward({ graph, layer, parameter }, [x]) {
    const steps = permuted(graph, x as string, [1, 0, 2]);
    const matrices = [parameter("kernel"), parameter("recurrent")].map((matrix) => turned(graph, matrix));
    const bias = reshape(graph, parameter("bias"), [1, 6 * layer.units]);
    const options = [attribute.int("hidden_size", layer.units), attribute.int("linear_before_reset", 1)];
    const last = graph.node("GRU", [steps, ...matrices, bias], options, ["", graph.fresh()]);
    return graph.node("Squeeze", [last, graph.integers([0])]);
  },
};
