/**
 * Layer normalisation over the last dimension of x [batch, ...steps, features] (Ba, Kiros and Hinton 2016).
 *
 * y = gamma u + beta with u = (x - m) r, m the row's mean and r = 1 / sqrt(variance + epsilon). With g = gamma dy and means over the row,
 * d(beta) = the sum of dy over all rows, d(gamma) that of dy u, and dx = r (g - mean(g) - u mean(g u)).
 */
import { attribute } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { squaresOfRows, sumOver } from "../arrange.ts";
import type { Operator, Scope } from "./operator.ts";

type Norm = LayerOf<"layer-norm">;

const OVER_ROWS = [attribute.ints("axes", [-1]), attribute.int("keepdims", 1)];

/** [y, m, r], of which the last two are [batch, ...steps, 1]. */
function normalised({ graph, layer, parameter }: Scope<Norm>, x: string): readonly [string, string, string] {
  const outputs = [graph.fresh(), graph.fresh(), graph.fresh()] as const;
  const attributes = [attribute.int("axis", -1), attribute.float("epsilon", layer.epsilon)];
  graph.node("LayerNormalization", [x, parameter("gamma"), parameter("beta")], attributes, outputs);
  return outputs;
}

export const layerNorm: Operator<Norm> = {
  forward: (scope, [x]) => normalised(scope, x as string)[0],
  learn(scope, [x]) {
    const { graph, input, parameter, trains, learn, passesOn } = scope;
    const [output, mean, deviation] = normalised(scope, x as string);
    const node = (operator: string, ...inputs: string[]): string => graph.node(operator, inputs);
    const meanOf = (values: string): string => graph.node("ReduceMean", [values], OVER_ROWS);
    const rows = input.map((_, axis) => axis);
    const unitOf = (): string => node("Mul", node("Sub", x as string, mean), deviation);
    return {
      output,
      ...(input.length > 1
        ? {}
        : { squares: (dy) => node("Add", squaresOfRows(graph, node("Mul", dy, unitOf())), squaresOfRows(graph, dy)) }),
      backward(dy) {
        const unit = unitOf();
        if (trains("gamma")) learn("gamma", sumOver(graph, node("Mul", dy, unit), rows));
        if (trains("beta")) learn("beta", sumOver(graph, dy, rows));
        if (!passesOn) return [];
        const slope = node("Mul", dy, parameter("gamma"));
        const along = node("Mul", unit, meanOf(node("Mul", slope, unit)));
        return [node("Mul", deviation, node("Sub", node("Sub", slope, meanOf(slope)), along))];
      },
    };
  },
};
