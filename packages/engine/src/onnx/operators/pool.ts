/**
 * Pools. Of a maximum, the gradient goes to the place that it came from (of equal ones, to the first); of a mean, in equal parts to
 * all values of its window that are no padding.
 */
import { attribute, type Graph } from "../graph.ts";
import { sizeOfShape, type LayerOf } from "../../ir/layers.ts";
import { paddingOf } from "../../ir/shapes.ts";
import { reshape } from "../arrange.ts";
import type { Learnt, LearningScope, Operator, Scope } from "./operator.ts";
import { pads, transposed } from "./window.ts";

type Pool = LayerOf<"pool">;

const paddings = ({ layer, input }: Scope<Pool>) => paddingOf(layer.padding, input.slice(1), layer.window, layer.stride);

const windowOf = (scope: Scope<Pool>) => [
  attribute.ints("kernel_shape", scope.layer.window),
  attribute.ints("strides", scope.layer.stride),
  pads(paddings(scope)),
];

const zeros = (graph: Graph, length: number): string => graph.node("Expand", [graph.scalar(0), graph.integers([length])]);

function max(scope: LearningScope<Pool>, x: string): Learnt {
  const { graph, batch, input, output, passesOn } = scope;
  const [highest, places] = [graph.fresh(), graph.fresh()];
  // Places count through the whole of x, laid flat.
  graph.node("MaxPool", [x], windowOf(scope), [highest, places]);
  return {
    output: highest,
    backward(dy) {
      if (!passesOn) return [];
      const flat = (value: string): string => reshape(graph, value, [batch * sizeOfShape(output)]);
      const entered = zeros(graph, batch * sizeOfShape(input));
      const added = [attribute.int("axis", 0), attribute.text("reduction", "add")];
      return [reshape(graph, graph.node("ScatterElements", [entered, flat(places), flat(dy)], added), [batch, ...input])];
    },
  };
}

/** 1 / number of values in each window, [1, 1, ...space]. */
function shares({ layer, input, output }: Scope<Pool>, padding: readonly (readonly [number, number])[]): Float32Array {
  const lengths = output.slice(1).map((count, dimension) => {
    const [size, step] = [layer.window[dimension] as number, layer.stride[dimension] as number];
    const [before, length] = [padding[dimension]?.[0] ?? 0, input[dimension + 1] as number];
    return Array.from({ length: count }, (_, at) => Math.min(length, at * step - before + size) - Math.max(0, at * step - before));
  });
  const [rows = [], columns = [1]] = lengths;
  return Float32Array.from(rows.flatMap((height) => columns.map((width) => 1 / (height * width))));
}

function mean(scope: LearningScope<Pool>, x: string): Learnt {
  const { graph, layer, batch, input, output, passesOn } = scope;
  return {
    output: pool.forward(scope, [x]),
    backward(dy) {
      if (!passesOn) return [];
      const padding = paddings(scope);
      const each = graph.node("Mul", [dy, graph.floats(shares(scope, padding), [1, 1, ...output.slice(1)])]);
      // Every channel alike: one image of one channel for each.
      const alone = reshape(graph, each, [batch * (input[0] as number), 1, ...output.slice(1)]);
      const ones = graph.floats(new Float32Array(sizeOfShape(layer.window)).fill(1), [1, 1, ...layer.window]);
      const back = transposed({ space: input.slice(1), window: layer.window, stride: layer.stride, padding });
      return [reshape(graph, graph.node("ConvTranspose", [alone, ones], back), [batch, ...input])];
    },
  };
}

export const pool: Operator<Pool> = {
  forward: (scope, [x]) => scope.graph.node(scope.layer.operation === "max" ? "MaxPool" : "AveragePool", [x as string], windowOf(scope)),
  learn: (scope, [x]) => (scope.layer.operation === "max" ? max(scope, x as string) : mean(scope, x as string)),
};
