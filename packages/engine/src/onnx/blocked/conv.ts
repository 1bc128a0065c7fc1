/**
 * Convolution in the blocked layout; what is computed is said in ../operators/conv.ts. Kernels keep their canonical order outside: they are
 * turned in the graph, into [out / b, in / b, height, width, b of in, b of out], or [channels / b, height, width, b] where each channel stands alone.
 *
 * dx is a convolution of the gradients, with zeros between them where the window moved in steps, by the kernel with its ends changed
 * over. dW is a convolution too: with samples as channels, the input's channels as samples, and the gradients as a kernel as large as
 * their space. That needs samples in blocks, so they are filled up with nothing. For a window of one place it is one matrix product.
 */
import { attribute } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { isDepthwise, paddingOf, twoOf } from "../../ir/shapes.ts";
import { cut, filledUp, permuted, reshape, reversed, sumOver } from "../arrange.ts";
import { around, pads } from "../operators/window.ts";
import { filled, nchwc, perChannel, spread, sum, toBlocked, type BlockedOperator, type BlockedScope, type Form } from "./layout.ts";

type Conv = LayerOf<"conv">;
type Pair = readonly [number, number];

/** Everything in two dimensions, with filled-up channels. */
interface Sizes {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly space: Pair;
  readonly places: Pair;
  readonly window: Pair;
  readonly stride: Pair;
  /** Before and after, of height and of width. */
  readonly padding: readonly [Pair, Pair];
  readonly depthwise: boolean;
}

function sizesOf({ layer, batch, block, input, output }: BlockedScope<Conv>): Sizes {
  return {
    batch,
    inputs: filled(layer.in, block),
    outputs: filled(layer.out, block),
    space: twoOf(input.slice(1), 1),
    places: twoOf(output.slice(1), 1),
    window: twoOf(layer.kernel, 1),
    stride: twoOf(layer.stride, 1),
    padding: twoOf(paddingOf(layer.padding, input.slice(1), layer.kernel, layer.stride), [0, 0] as Pair),
    depthwise: layer.groups > 1,
  };
}

const isPlace = ({ window }: Sizes): boolean => window[0] === 1 && window[1] === 1;

/** The kernel for the forward pass, or, with its ends changed over, for the way back. `plainInput`: the input's few channels are not blocked. */
function kernelOf({ graph, layer, block, parameter }: BlockedScope<Conv>, sizes: Sizes, back: boolean, plainInput = false): string {
  const { inputs, outputs, window } = sizes;
  const [height, width] = window;
  const each = layer.in / layer.groups;
  const canonical = reshape(graph, parameter("kernel"), [layer.out, each, height, width]);
  const turned = back && !isPlace(sizes) ? reversed(graph, canonical, window) : canonical;
  if (sizes.depthwise) {
    const whole = filledUp(graph, turned, [layer.out, 1, height, width], [outputs, 1, height, width]);
    const blocks = permuted(graph, reshape(graph, whole, [outputs / block, block, height, width]), [0, 2, 3, 1]);
    return reshape(graph, blocks, [outputs, 1, height, width]);
  }
  if (plainInput) {
    const whole = filledUp(graph, turned, [layer.out, each, height, width], [outputs, each, height, width]);
    const blocks = permuted(graph, reshape(graph, whole, [outputs / block, block, each, height, width]), [0, 2, 3, 4, 1]);
    return reshape(graph, blocks, [outputs, each, height, width]);
  }
  const whole = filledUp(graph, turned, [layer.out, each, height, width], [outputs, inputs, height, width]);
  const six = reshape(graph, whole, [outputs / block, block, inputs / block, block, height, width]);
  return back
    ? reshape(graph, permuted(graph, six, [2, 0, 4, 5, 1, 3]), [inputs, outputs, height, width])
    : reshape(graph, permuted(graph, six, [0, 2, 4, 5, 3, 1]), [outputs, inputs, height, width]);
}

/** Every stride-th value of space: what a window of one place meets. */
function thinned({ graph, block }: BlockedScope<Conv>, { batch, inputs, space, places, stride }: Sizes, x: string): string {
  if (stride[0] === 1 && stride[1] === 1) return x;
  const rows = reshape(graph, x, [(batch * inputs) / block, ...space, block]);
  const thin = graph.node("Slice", [rows, graph.integers([0, 0]), graph.integers(space), graph.integers([1, 2]), graph.integers(stride)]);
  return reshape(graph, thin, [batch, inputs, ...places]);
}

function inputGradient(scope: BlockedScope<Conv>, sizes: Sizes, dy: string): string {
  const { graph, block } = scope;
  const { batch, inputs, outputs, space, places, window, stride, padding } = sizes;
  const [down, across] = [places[0] * stride[0], places[1] * stride[1]] as const;
  // The last window may end before the padding does, and the zeros after the last gradient may reach beyond it.
  const before = padding.map(([begin], at) => (window[at] as number) - 1 - begin) as unknown as Pair;
  const after = [space[0] - down + padding[0][0], space[1] - across + padding[1][0]] as const;
  const wide = spread(graph, dy, [batch, outputs, ...places], stride, block);
  const length = [down + Math.min(0, after[0]), across + Math.min(0, after[1])] as const;
  const rows = (batch * outputs) / block;
  const shortened =
    length[0] === down && length[1] === across
      ? wide
      : reshape(
          graph,
          cut(graph, reshape(graph, wide, [rows, down, across, block]), [rows, down, across, block], [rows, ...length, block]),
          [batch, outputs, ...length],
        );
  return nchwc(
    graph,
    "Conv",
    [shortened, kernelOf(scope, sizes, true)],
    [
      attribute.ints("kernel_shape", window),
      pads([
        [before[0], Math.max(0, after[0])],
        [before[1], Math.max(0, after[1])],
      ]),
      attribute.int("group", sizes.depthwise ? inputs : 1),
    ],
  );
}

function depthwiseKernelGradient({ graph, layer, block }: BlockedScope<Conv>, sizes: Sizes, x: string, dy: string): string {
  const { batch, inputs, space, places, window, stride } = sizes;
  const all = batch * inputs;
  const { padding, met } = around(sizes, places);
  const each = nchwc(
    graph,
    "Conv",
    [reshape(graph, x, [1, all, ...space]), reshape(graph, dy, [all, 1, ...places])],
    [attribute.ints("kernel_shape", places), attribute.ints("dilations", stride), pads(padding), attribute.int("group", all)],
  );
  const total = sumOver(graph, reshape(graph, each, [batch, inputs / block, ...met, block]), [0]);
  const kernel = reshape(graph, permuted(graph, total, [0, 3, 1, 2]), [inputs, ...met]);
  return reshape(graph, cut(graph, kernel, [inputs, ...met], [layer.out, ...window]), [layer.out, 1, ...layer.kernel]);
}

/** x and dy as rows of all channels, one for each place of each sample; then one product. */
function placeKernelGradient(scope: BlockedScope<Conv>, sizes: Sizes, x: string, dy: string): string {
  const { graph, layer, block } = scope;
  const { batch, inputs, outputs, places } = sizes;
  const points = places[0] * places[1];
  const rows = (value: string, channels: number): string =>
    reshape(graph, permuted(graph, reshape(graph, value, [batch, channels / block, points, block]), [0, 2, 1, 3]), [
      batch * points,
      channels,
    ]);
  const product = graph.node("Gemm", [rows(dy, outputs), rows(x, inputs)], [attribute.int("transA", 1)]);
  return reshape(graph, cut(graph, product, [outputs, inputs], [layer.out, layer.in]), [layer.out, layer.in, ...layer.kernel]);
}

/** Samples as channels: [inputs, samples, ...space] convolved with [outputs, samples, ...places]. */
function kernelGradient(scope: BlockedScope<Conv>, sizes: Sizes, x: string, form: Form, dy: string): string {
  const { graph, layer, block } = scope;
  const { batch, inputs, outputs, space, places, window, stride } = sizes;
  const samples = filled(batch, block);
  const blocks = (value: string, channels: number, [height, width]: Pair): string => {
    const shape = [batch, channels / block, height, width, block];
    const whole = filledUp(graph, reshape(graph, value, shape), shape, [samples, ...shape.slice(1)]);
    return reshape(graph, whole, [samples / block, block, channels / block, height, width, block]);
  };
  const channels = form === "plain" ? layer.in : inputs;
  const entered =
    form === "plain"
      ? toBlocked(graph, permuted(graph, reshape(graph, x, [batch, layer.in, ...space]), [1, 0, 2, 3]), layer.in, [batch, ...space], block)
      : reshape(graph, permuted(graph, blocks(x, inputs, space), [2, 5, 0, 3, 4, 1]), [inputs, samples, ...space]);
  const gradients = reshape(graph, permuted(graph, blocks(dy, outputs, places), [2, 0, 3, 4, 1, 5]), [outputs, samples, ...places]);
  const { padding, met } = around(sizes, places);
  const product = nchwc(
    graph,
    "Conv",
    [entered, gradients],
    [attribute.ints("kernel_shape", places), attribute.ints("dilations", stride), pads(padding)],
  );
  const kernel = permuted(graph, reshape(graph, product, [channels, outputs / block, ...met, block]), [1, 4, 0, 2, 3]);
  const whole = [outputs, channels, ...met];
  return reshape(graph, cut(graph, reshape(graph, kernel, whole), whole, [layer.out, layer.in, ...window]), [
    layer.out,
    layer.in,
    ...layer.kernel,
  ]);
}

export const conv: BlockedOperator<Conv> = {
  takes({ layer, block, passesOn }, has) {
    if (layer.groups > 1) return isDepthwise(layer) ? "blocked" : undefined;
    // Few channels are taken as they are, where nobody asks for their gradient.
    return layer.in < block && has("plain") && !has("blocked") && !passesOn ? "plain" : "blocked";
  },
  gives: "blocked",

  learn(scope, input, form) {
    const { graph, layer, block, batch, parameter, trains, learn, passesOn } = scope;
    const sizes = sizesOf(scope);
    const place = isPlace(sizes) && form === "blocked" && !sizes.depthwise && sizes.padding.flat().every((length) => length === 0);
    const x = place ? thinned(scope, sizes, input) : input;
    const image = form === "plain" ? reshape(graph, x, [batch, layer.in, ...sizes.space]) : x;
    const attributes = [
      attribute.ints("kernel_shape", sizes.window),
      attribute.ints("strides", place ? [1, 1] : sizes.stride),
      pads(sizes.padding),
      attribute.int("group", sizes.depthwise ? sizes.inputs : 1),
    ];
    const bias = layer.bias ? [perChannel(graph, parameter("bias"), layer.out, block)] : [];
    return {
      output: nchwc(graph, "Conv", [image, kernelOf(scope, sizes, false, form === "plain"), ...bias], attributes),
      backward(dy) {
        if (trains("kernel")) {
          const gradient = sizes.depthwise
            ? depthwiseKernelGradient(scope, sizes, x, dy)
            : place
              ? placeKernelGradient(scope, sizes, x, dy)
              : kernelGradient(scope, sizes, x, form, dy);
          learn("kernel", gradient);
        }
        if (layer.bias && trains("bias"))
          learn("bias", cut(graph, sum(graph, dy, batch, [sizes.outputs, ...sizes.places]), [sizes.outputs], [layer.out]));
        return passesOn ? [inputGradient(scope, sizes, dy)] : [];
      },
    };
  },
};
