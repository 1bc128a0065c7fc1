/**
 * Convolution of x [batch, in, ...space] with a kernel [out, in / groups, ...window] to y [batch, out, ...places].
 *
 * dx spreads each gradient over the window it came from: ConvTranspose with the same kernel. dW at one tap of the window is the product
 * of the gradients with what that tap met, summed over batch and places: a matrix product [out, M] [M, in / groups] with M = batch x
 * places, for every tap and group.
 */
import { attribute, type Graph } from "../graph.ts";
import { sizeOfShape, type LayerOf, type Shape } from "../../ir/layers.ts";
import { isDepthwise, paddingOf } from "../../ir/shapes.ts";
import { cut, permuted, reshape, reversed, sumOver, sumPerChannel } from "../arrange.ts";
import type { LearningScope, Operator, Scope } from "./operator.ts";
import { around, metBy, padded, pads, tapsOf, transposed, type Moves } from "./window.ts";

type Conv = LayerOf<"conv">;

const movesOf = ({ layer, input }: Scope<Conv>): Moves => ({
  space: input.slice(1),
  window: layer.kernel,
  stride: layer.stride,
  padding: paddingOf(layer.padding, input.slice(1), layer.kernel, layer.stride),
});

const isPointwise = ({ window, stride, padding }: Moves): boolean =>
  [...window, ...stride].every((length) => length === 1) && padding.flat().every((length) => length === 0);

/** [a, b, ...space] to [b, a, ...space]. */
const swapped = (graph: Graph, x: string, rank: number): string =>
  permuted(graph, x, [1, 0, ...Array.from({ length: rank - 2 }, (_, at) => at + 2)]);

/** Gradient of the kernel. */
function kernelGradient(scope: LearningScope<Conv>, moves: Moves, x: string, dy: string): string {
  const { layer, input, output } = scope;
  if (isPointwise(moves) && layer.groups === 1 && sizeOfShape(input.slice(1)) >= 100) return pointwise(scope, x, dy);
  if (isDepthwise(layer) && sizeOfShape(output.slice(1)) <= 160) return depthwise(scope, moves, x, dy);
  return byTaps(scope, moves, x, dy);
}

/** Sample by sample [out, L] [L, in], then summed: no value has to be moved. */
function pointwise({ graph, layer, batch, input }: LearningScope<Conv>, x: string, dy: string): string {
  const points = sizeOfShape(input.slice(1));
  const entered = reshape(graph, x, [batch, layer.in, points]);
  const turned = permuted(graph, entered, [0, 2, 1]);
  const each = graph.node("MatMul", [reshape(graph, dy, [batch, layer.out, points]), turned]);
  return reshape(graph, sumOver(graph, each, [0]), [layer.out, layer.in, ...layer.kernel]);
}

/** Each channel of each sample as a channel of its own, the gradients as its kernel, whose taps lie a stride apart. */
function depthwise({ graph, layer, batch, input, output }: LearningScope<Conv>, moves: Moves, x: string, dy: string): string {
  const channels = batch * layer.in;
  const { padding, met } = around(moves, output.slice(1));
  const each = graph.node(
    "Conv",
    [reshape(graph, x, [1, channels, ...input.slice(1)]), reshape(graph, dy, [channels, 1, ...output.slice(1)])],
    [
      attribute.ints("kernel_shape", output.slice(1)),
      attribute.ints("dilations", moves.stride),
      pads(padding),
      attribute.int("group", channels),
    ],
  );
  const sum = sumOver(graph, reshape(graph, each, [batch, layer.in, ...met]), [0]);
  return reshape(graph, cut(graph, sum, [layer.in, ...met], [layer.in, ...moves.window]), [layer.out, 1, ...moves.window]);
}

function byTaps(
  { graph, layer, batch, input, output }: LearningScope<Conv>,
  { padding, stride, window }: Moves,
  x: string,
  dy: string,
): string {
  const { groups } = layer;
  const [each, filters, rank] = [layer.in / groups, layer.out / groups, input.length + 1];
  const places: Shape = output.slice(1);
  const pairs = batch * sizeOfShape(places);
  // Channels in front, so that a tap's values are rows of M.
  const entered = swapped(graph, padded(graph, x, padding), rank);
  const gradients = reshape(graph, swapped(graph, dy, rank), groups === 1 ? [filters, pairs] : [groups, filters, pairs]);
  const products = tapsOf(window).map((tap) => {
    const values = metBy(graph, entered, tap, places, stride);
    if (groups === 1) return graph.node("Gemm", [gradients, reshape(graph, values, [each, pairs])], [attribute.int("transB", 1)]);
    const turned = permuted(graph, reshape(graph, values, [groups, each, pairs]), [0, 2, 1]);
    return graph.node("MatMul", [gradients, turned]);
  });
  const columns = products.map((product) => reshape(graph, product, [layer.out, each, 1]));
  const kernel = columns.length === 1 ? (columns[0] as string) : graph.node("Concat", columns, [attribute.int("axis", 2)]);
  return reshape(graph, kernel, [layer.out, each, ...window]);
}

/** Gradient of the input. */
function inputGradient(scope: LearningScope<Conv>, moves: Moves, dy: string): string {
  const { graph, layer, batch, input, parameter } = scope;
  if (isPointwise(moves) && layer.groups === 1) {
    const points = sizeOfShape(input.slice(1));
    const kernel = permuted(graph, reshape(graph, parameter("kernel"), [layer.out, layer.in]), [1, 0]);
    return reshape(graph, graph.node("MatMul", [kernel, reshape(graph, dy, [batch, layer.out, points])]), [batch, ...input]);
  }
  if (isDepthwise(layer) && moves.stride.every((step) => step === 1)) return flipped(scope, moves, dy);
  return graph.node("ConvTranspose", [dy, parameter("kernel")], [...transposed(moves), attribute.int("group", layer.groups)]);
}

/** A depthwise convolution in steps of one is undone by one with the kernel turned about. */
function flipped({ graph, layer, parameter }: Scope<Conv>, { window, padding }: Moves, dy: string): string {
  const reaching = padding.map(([before, after], dimension) => {
    const reach = (window[dimension] as number) - 1;
    return [reach - before, reach - after] as const;
  });
  return graph.node(
    "Conv",
    [dy, reversed(graph, parameter("kernel"), window)],
    [attribute.ints("kernel_shape", window), pads(reaching), attribute.int("group", layer.groups)],
  );
}

export const conv: Operator<Conv> = {
  forward(scope, [x]) {
    const { graph, layer, parameter } = scope;
    const bias = layer.bias ? [parameter("bias")] : [];
    const { padding } = movesOf(scope);
    return graph.node(
      "Conv",
      [x as string, parameter("kernel"), ...bias],
      [
        attribute.ints("kernel_shape", layer.kernel),
        attribute.ints("strides", layer.stride),
        pads(padding),
        attribute.int("group", layer.groups),
      ],
    );
  },

  learn(scope, [x]) {
    const { graph, layer, input, trains, learn, passesOn } = scope;
    const moves = movesOf(scope);
    return {
      output: conv.forward(scope, [x as string]),
      backward(dy) {
        if (trains("kernel")) learn("kernel", kernelGradient(scope, moves, x as string, dy));
        if (layer.bias && trains("bias")) learn("bias", sumPerChannel(graph, dy, input.length + 1));
        return passesOn ? [inputGradient(scope, moves, dy)] : [];
      },
    };
  },
};
