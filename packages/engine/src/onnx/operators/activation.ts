/**
 * Activations, value by value. `slope` gives the derivative from input x and output y. A step function comes cheapest as
 * HardSigmoid, max(0, min(1, a x)), with a so large that every positive number becomes 1: comparisons and Where take several
 * times as long in ONNX Runtime.
 */
import { attribute, type Graph } from "../graph.ts";
import { ROOT_ROOM, type LayerOf } from "../../ir/layers.ts";
import type { Operator } from "./operator.ts";

interface Activation {
  readonly value: (graph: Graph, x: string) => string;
  readonly slope: (graph: Graph, x: string, y: string) => string;
}

/** 1 where x is above 0, else 0; x between 0 and 2^-100 counts as nothing. */
const positive = (graph: Graph, x: string): string =>
  graph.node("HardSigmoid", [x], [attribute.float("alpha", 2 ** 100), attribute.float("beta", 0)]);

const oneMinus = (graph: Graph, x: string): string => graph.node("Sub", [graph.scalar(1), x]);

const roomyAbs = (graph: Graph, x: string): string => graph.node("Add", [graph.node("Abs", [x]), graph.scalar(ROOT_ROOM)]);

/** Phi(x), the normal distribution's share below x. */
const normalShare = (graph: Graph, x: string): string => {
  const erf = graph.node("Erf", [graph.node("Mul", [x, graph.scalar(Math.SQRT1_2)])]);
  return graph.node("Mul", [graph.node("Add", [erf, graph.scalar(1)]), graph.scalar(0.5)]);
};

const ACTIVATIONS: Readonly<Record<Exclude<LayerOf<"activation">["function"], "linear">, Activation>> = {
  relu: { value: (graph, x) => graph.node("Relu", [x]), slope: (graph, _, y) => positive(graph, y) },
  relu6: {
    value: (graph, x) => graph.node("Clip", [x, graph.scalar(0), graph.scalar(6)]),
    slope: (graph, _, y) => positive(graph, graph.node("Mul", [y, graph.node("Sub", [graph.scalar(6), y])])),
  },
  silu: {
    value: (graph, x) => graph.node("Mul", [x, graph.node("Sigmoid", [x])]),
    // s + y (1 - s), with s the sigmoid of x.
    slope: (graph, x, y) => {
      const s = graph.node("Sigmoid", [x]);
      return graph.node("Add", [s, graph.node("Mul", [y, oneMinus(graph, s)])]);
    },
  },
  gelu: {
    value: (graph, x) => graph.node("Mul", [x, normalShare(graph, x)]),
    // Phi(x) + x phi(x), with phi the normal density.
    slope: (graph, x) => {
      const exponent = graph.node("Mul", [graph.node("Mul", [x, x]), graph.scalar(-0.5)]);
      const density = graph.node("Mul", [graph.node("Exp", [exponent]), graph.scalar(1 / Math.sqrt(2 * Math.PI))]);
      return graph.node("Add", [normalShare(graph, x), graph.node("Mul", [x, density])]);
    },
  },
  elu: {
    value: (graph, x) => graph.node("Elu", [x]),
    // 1 above 0, else exp(x) = y + 1.
    slope: (graph, _, y) => graph.node("Add", [graph.node("Min", [y, graph.scalar(0)]), graph.scalar(1)]),
  },
  tanh: { value: (graph, x) => graph.node("Tanh", [x]), slope: (graph, _, y) => oneMinus(graph, graph.node("Mul", [y, y])) },
  "signed-root": {
    value: (graph, x) => graph.node("Div", [x, graph.node("Sqrt", [roomyAbs(graph, x)])]),
    // (|x| / 2 + room) / (|x| + room)^(3/2), as (1 + room / (|x| + room)) / (2 sqrt(|x| + room)).
    slope: (graph, x) => {
      const size = roomyAbs(graph, x);
      const above = graph.node("Add", [graph.node("Div", [graph.scalar(ROOT_ROOM), size]), graph.scalar(1)]);
      return graph.node("Div", [above, graph.node("Mul", [graph.node("Sqrt", [size]), graph.scalar(2)])]);
    },
  },
  sigmoid: { value: (graph, x) => graph.node("Sigmoid", [x]), slope: (graph, _, y) => graph.node("Mul", [y, oneMinus(graph, y)]) },
};

const activationOf = (layer: LayerOf<"activation">): Activation | undefined =>
  layer.function === "linear" ? undefined : ACTIVATIONS[layer.function];

export const activation: Operator<LayerOf<"activation">> = {
  forward: ({ graph, layer }, inputs) => {
    const [x] = inputs as readonly [string];
    return activationOf(layer)?.value(graph, x) ?? x;
  },

  learn({ graph, layer, passesOn }, inputs) {
    const [x] = inputs as readonly [string];
    const known = activationOf(layer);
    const output = known?.value(graph, x) ?? x;
    return {
      output,
      backward(gradient) {
        if (!passesOn) return [];
        return [known === undefined ? gradient : graph.node("Mul", [gradient, known.slope(graph, x, output)])];
      },
    };
  },
};
