/**
 * y = x W + b on the last dimension. With x [rows, in] and the gradient dy [rows, out]: dW = x' dy, db = the sum of dy over rows,
 * dx = dy W'. A sequence [batch, steps, in] is rows of its own.
 */
import { attribute } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { reshape, sumOver } from "../arrange.ts";
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
    };
  },
};
