/**
 * A row of W [entries, width] for each code of x [batch, steps]. dW gathers what arrives at each code: dy is added up row by row, in order, so
 * that the sum has the same bits in every run. Codes have no gradient.
 */
import { attribute, type Graph } from "../graph.ts";
import { INT64 } from "../file.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { reshape } from "../arrange.ts";
import type { Operator, Scope } from "./operator.ts";

type Embedding = LayerOf<"embedding">;

/** Whole numbers within the table. */
const codesOf = (graph: Graph, layer: Embedding, x: string): string =>
  graph.node(
    "Cast",
    [graph.node("Clip", [graph.node("Round", [x]), graph.scalar(0), graph.scalar(layer.entries - 1)])],
    [attribute.int("to", INT64)],
  );

const rowsOf = ({ graph, parameter }: Scope<Embedding>, codes: string): string => graph.node("Gather", [parameter("kernel"), codes]);

export const embedding: Operator<Embedding> = {
  forward: (scope, [x]) => rowsOf(scope, codesOf(scope.graph, scope.layer, x as string)),
  learn(scope, [x]) {
    const { graph, layer, batch, input, trains, learn } = scope;
    const codes = codesOf(graph, layer, x as string);
    return {
      output: rowsOf(scope, codes),
      backward(dy) {
        if (!trains("kernel")) return [];
        const met = batch * (input[0] as number);
        const places = graph.node("Expand", [reshape(graph, codes, [met, 1]), graph.integers([met, layer.width])]);
        const nothing = graph.node("Expand", [graph.scalar(0), graph.integers([layer.entries, layer.width])]);
        const added = [attribute.int("axis", 0), attribute.text("reduction", "add")];
        learn("kernel", graph.node("ScatterElements", [nothing, places, reshape(graph, dy, [met, layer.width])], added));
        return [];
      },
    };
  },
};
