/**
 * y = x W + b on the last dimension. With x [rows, in] and the gradient dy [rows, out]: dW = x' dy, db = the sum of dy over rows,
 * dx = dy W'. A sequence [batch, steps, in] is rows of its own.
 *
 * Of one row the gradient of W is the outer product of x and dy, whose norm is the product of theirs (Goodfellow 2015): each sample's norm
 * comes without its gradient.
 */
import { attribute } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { reshape, squaresOfRows, sumOver } from "../arrange.ts";
import type { Operator } from "./operator.ts";

const TRANSPOSED_A = [attribute.int("transA", 1)];
const TRANSPOSED_B = [attribute.int("transB", 1)];

export const dense: Operator<LayerOf<"dense">> = {
  forward: ({ graph, parameter }, [x]) => graph.node("Add", [graph.node("MatMul", [x as string, parameter("kernel")]), parameter("bias")]),

  learn({ graph, layer, batch, input, parameter, trains, learn, passesOn }, [x]) {
    const steps = input.slice(0, -1);
    const rows = batch * (steps[0] ?? 1);
    const flat = (value: string, width: number): string => (steps.length === 0 ? value : reshape(graph, value, [rows, width]));
    const whole = (value: string, width: number): string => (steps.length === 0 ? value : reshape(graph, value, [batch, ...steps, width]));
    const entered = flat(x as string, layer.in);
    return {
      output: whole(graph.node("Gemm", [entered, parameter("kernel"), parameter("bias")]), layer.out),
      backward(gradient) {
        const dy = flat(gradient, layer.out);
        if (trains("kernel")) learn("kernel", graph.node("Gemm", [entered, dy], TRANSPOSED_A));
        if (trains("bias")) learn("bias", sumOver(graph, dy, [0]));
        return passesOn ? [whole(graph.node("Gemm", [dy, parameter("kernel")], TRANSPOSED_B), layer.in)] : [];
      },
      ...(steps.length > 0
        ? {}
        : {
            squares(dy) {
              const ofBias = squaresOfRows(graph, dy);
              if (!trains("kernel")) return ofBias;
              const ofKernel = graph.node("Mul", [ofBias, squaresOfRows(graph, entered)]);
              return trains("bias") ? graph.node("Add", [ofKernel, ofBias]) : ofKernel;
            },
          }),
    };
  },
};
