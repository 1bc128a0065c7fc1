/** Layers that only lay values out anew, add, or drop them. Their gradient is laid out back. */
import type { LayerOf } from "../../ir/layers.ts";
import { permuted, reshape } from "../arrange.ts";
import type { Operator } from "./operator.ts";

export const flatten: Operator<LayerOf<"flatten">> = {
  forward: ({ graph }, [x]) => graph.node("Flatten", [x as string]),
  learn: ({ graph, batch, input, passesOn }, [x]) => ({
    output: graph.node("Flatten", [x as string]),
    backward: (dy) => (passesOn ? [reshape(graph, dy, [batch, ...input])] : []),
  }),
};

const SWAP = [0, 2, 1];

export const transpose: Operator<LayerOf<"transpose">> = {
  forward: ({ graph }, [x]) => permuted(graph, x as string, SWAP),
  learn: ({ graph, passesOn }, [x]) => ({
    output: permuted(graph, x as string, SWAP),
    backward: (dy) => (passesOn ? [permuted(graph, dy, SWAP)] : []),
  }),
};

export const plane: Operator<LayerOf<"plane">> = {
  forward: ({ graph }, [x]) => graph.node("Unsqueeze", [x as string, graph.integers([1])]),
  learn: ({ graph, passesOn }, [x]) => ({
    output: graph.node("Unsqueeze", [x as string, graph.integers([1])]),
    backward: (dy) => (passesOn ? [graph.node("Squeeze", [dy, graph.integers([1])])] : []),
  }),
};

export const add: Operator<LayerOf<"add">> = {
  forward: ({ graph }, inputs) => graph.node("Add", inputs),
  learn: ({ graph, passesOn }, inputs) => ({ output: graph.node("Add", inputs), backward: (dy) => (passesOn ? [dy, dy] : []) }),
};

/** Nothing is dropped outside of training (Srivastava et al. 2014; values that stay are scaled up meanwhile). */
export const dropout: Operator<LayerOf<"dropout">> = {
  forward: (_, [x]) => x as string,
  learn({ graph, layer, mask, passesOn }, [x]) {
    if (layer.rate === 0) return { output: x as string, backward: (dy) => (passesOn ? [dy] : []) };
    const factors = mask();
    return { output: graph.node("Mul", [x as string, factors]), backward: (dy) => (passesOn ? [graph.node("Mul", [dy, factors])] : []) };
  },
};
