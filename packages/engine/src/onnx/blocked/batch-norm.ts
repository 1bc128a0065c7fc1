/**
 * Batch normalisation in the blocked layout; the formulas stand in ../operators/batch-norm.ts. Sums over batch and space are poolings and
 * convolutions that this layout is fast in; the variance is the mean of squares less the square of the mean.
 */
import type { LayerOf } from "../../ir/layers.ts";
import { affine, cut, dot, filled, perChannel, plain2d, sum, type BlockedOperator, type BlockedScope } from "./layout.ts";

type Norm = LayerOf<"batch-norm">;

interface Parts {
  readonly channels: number;
  readonly shape: readonly [number, number, number];
  /** Values of one channel in the batch. */
  readonly values: number;
}

function partsOf({ layer, batch, block, input }: BlockedScope<Norm>): Parts {
  const channels = filled(layer.channels, block);
  const space = plain2d(input.slice(1));
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
    let [mean, variance] = ["", ""];
    if (ofBatch) {
      mean = node("Mul", sum(graph, x, batch, shape), share);
      const square = node("Mul", dot(graph, x, x, batch, shape), share);
      variance = node("Max", node("Sub", square, node("Mul", mean, mean)), graph.scalar(0));
      statistics(canonical(mean), canonical(node("Mul", variance, graph.scalar(values / Math.max(1, values - 1)))));
    } else [mean, variance] = [own("mean"), own("variance")];
    const deviation = node("Reciprocal", node("Sqrt", node("Add", variance, graph.scalar(layer.epsilon))));
    const scale = node("Mul", own("gamma"), deviation);
    return {
      output: affine(graph, x, channels, scale, node("Sub", own("beta"), node("Mul", mean, scale))),
      backward(dy) {
        if (!ofBatch && !trains("gamma") && !trains("beta")) return passesOn ? [affine(graph, dy, channels, scale)] : [];
        const total = sum(graph, dy, batch, shape);
        const gamma = node("Mul", node("Sub", dot(graph, dy, x, batch, shape), node("Mul", mean, total)), deviation);
        if (trains("gamma")) learn("gamma", canonical(gamma));
        if (trains("beta")) learn("beta", canonical(total));
        if (!passesOn) return [];
        if (!ofBatch) return [affine(graph, dy, channels, scale)];
        const part = node("Neg", node("Mul", scale, share));
        const slope = node("Mul", part, node("Mul", deviation, gamma));
        const shift = node("Sub", node("Mul", part, total), node("Mul", slope, mean));
        return [affine(graph, dy, channels, scale, shift, affine(graph, x, channels, slope))];
      },
    };
  },
};
