/**
 * Batch normalisation in the blocked layout; the formulas stand in ../operators/batch-norm.ts. Sums over batch and space are poolings and
 * convolutions that this layout is fast in. The batch's values are centred first: the mean of squares less the square of the mean would
 * lose the variance of channels whose mean is far from zero.
 */
import type { LayerOf } from "../../ir/layers.ts";
import { twoOf } from "../../ir/shapes.ts";
import { cut } from "../arrange.ts";
import { affine, dot, filled, perChannel, sum, type BlockedOperator, type BlockedScope } from "./layout.ts";

type Norm = LayerOf<"batch-norm">;

interface Parts {
  readonly channels: number;
  readonly shape: readonly [number, number, number];
  /** Values of one channel in the batch. */
  readonly values: number;
}

function partsOf({ layer, batch, block, input }: BlockedScope<Norm>): Parts {
  const channels = filled(layer.channels, block);
  const space = twoOf(input.slice(1), 1);
  return { channels, shape: [channels, ...space], values: batch * space[0] * space[1] };
}

export const batchNorm: BlockedOperator<Norm> = {
  takes: (_, has) => (has("blocked") ? "blocked" : undefined),
  gives: "blocked",

  learn(scope, x) {
    const { graph, layer, batch, block, parameter, trains, learn, statistics, passesOn } = scope;
    const { channels, shape, values } = partsOf(scope);
    const node = (operator: string, ...input: string[]): string => graph.node(operator, input);
    const own = (name: string): string => perChannel(graph, parameter(name), layer.channels, block);
    const canonical = (value: string): string => cut(graph, value, [channels], [layer.channels]);
    const ofBatch = trains("mean");
    const share = graph.scalar(1 / values);
    let mean = own("mean");
    let variance = own("variance");
    let centred = x;
    if (ofBatch) {
      mean = node("Mul", sum(graph, x, batch, shape), share);
      centred = affine(graph, x, channels, graph.floats(new Float32Array(channels).fill(1), [channels]), node("Neg", mean));
      variance = node("Mul", dot(graph, centred, centred, batch, shape), share);
      statistics(canonical(mean), canonical(node("Mul", variance, graph.scalar(values / Math.max(1, values - 1)))));
    }
    const deviation = node("Reciprocal", node("Sqrt", node("Add", variance, graph.scalar(layer.epsilon))));
    const scale = node("Mul", own("gamma"), deviation);
    const shift = ofBatch ? own("beta") : node("Sub", own("beta"), node("Mul", mean, scale));
    return {
      output: affine(graph, centred, channels, scale, shift),
      backward(dy) {
        if (!ofBatch && !trains("gamma") && !trains("beta")) return passesOn ? [affine(graph, dy, channels, scale)] : [];
        const total = sum(graph, dy, batch, shape);
        const product = dot(graph, dy, centred, batch, shape);
        const gamma = node("Mul", ofBatch ? product : node("Sub", product, node("Mul", mean, total)), deviation);
        if (trains("gamma")) learn("gamma", canonical(gamma));
        if (trains("beta")) learn("beta", canonical(total));
        if (!passesOn) return [];
        if (!ofBatch) return [affine(graph, dy, channels, scale)];
        const part = node("Neg", node("Mul", scale, share));
        const slope = node("Mul", part, node("Mul", deviation, gamma));
        return [affine(graph, dy, channels, scale, node("Mul", part, total), affine(graph, centred, channels, slope))];
      },
    };
  },
};
