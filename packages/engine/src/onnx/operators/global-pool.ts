/** Mean or maximum over all of space: [batch, channels, ...space] to [batch, channels]. Of equal maxima the first has the gradient. */
import { attribute } from "../graph.ts";
import { sizeOfShape, type LayerOf } from "../../ir/layers.ts";
import { reshape } from "../arrange.ts";
import type { LearningScope, Learnt, Operator } from "./operator.ts";

type GlobalPool = LayerOf<"global-pool">;

function mean(scope: LearningScope<GlobalPool>, x: string): Learnt {
  const { graph, batch, input, passesOn } = scope;
  return {
    output: globalPool.forward(scope, [x]),
    backward(dy) {
      if (!passesOn) return [];
      const share = graph.node("Mul", [dy, graph.scalar(1 / sizeOfShape(input.slice(1)))]);
      const thin = reshape(graph, share, [batch, input[0] as number, ...input.slice(1).map(() => 1)]);
      return [graph.node("Expand", [thin, graph.integers([batch, ...input])])];
    },
  };
}

function max({ graph, batch, input, passesOn }: LearningScope<GlobalPool>, x: string): Learnt {
  const [channels = 0, ...space] = input;
  const values = reshape(graph, x, [batch, channels, sizeOfShape(space)]);
  return {
    output: graph.node("ReduceMax", [values], [attribute.ints("axes", [2]), attribute.int("keepdims", 0)]),
    backward(dy) {
      if (!passesOn) return [];
      const place = graph.node("ArgMax", [values], [attribute.int("axis", 2), attribute.int("keepdims", 1)]);
      const nothing = graph.node("Expand", [graph.scalar(0), graph.integers([batch, channels, sizeOfShape(space)])]);
      const spread = graph.node("ScatterElements", [nothing, place, reshape(graph, dy, [batch, channels, 1])], [attribute.int("axis", 2)]);
      return [reshape(graph, spread, [batch, ...input])];
    },
  };
}

export const globalPool: Operator<GlobalPool> = {
  forward: ({ graph, layer }, [x]) =>
    graph.node("Flatten", [graph.node(layer.operation === "max" ? "GlobalMaxPool" : "GlobalAveragePool", [x as string])]),
  learn: (scope, [x]) => (scope.layer.operation === "max" ? max(scope, x as string) : mean(scope, x as string)),
};
