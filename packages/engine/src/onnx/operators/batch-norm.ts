/**
 * Batch normalisation over the channels of x [batch, channels, ...space] (Ioffe and Szegedy 2015).
 *
 * y = gamma (x - m) r + beta, with m the mean, r = 1 / sqrt(variance + epsilon). With s = the sum of dy and q = the sum of dy x over
 * batch and space, d(beta) = s and d(gamma) = (q - m s) r. Where m and r come from the batch of M values a channel,
 * dx = gamma r (dy - s / M) - gamma r^2 d(gamma) (x - m) / M; where they are constants, dx = gamma r dy. Both are affine in dy and x, and an
 * affine map of channels comes cheapest as BatchNormalization itself.
 */
import { attribute, type Graph } from "../graph.ts";
import type { LayerOf } from "../../ir/layers.ts";
import { sumPerChannel } from "../arrange.ts";
import type { LearningScope, Learnt, Operator } from "./operator.ts";

type Norm = LayerOf<"batch-norm">;

const PARTS = ["gamma", "beta", "mean", "variance"] as const;

const epsilonOf = ({ epsilon }: Norm) => attribute.float("epsilon", epsilon);

/** scale x + shift, for each channel. */
function affine(graph: Graph, channels: number, x: string, scale: string, shift: string): string {
  const [zero, one] = [0, 1].map((value) => graph.floats(new Float32Array(channels).fill(value), [channels])) as [string, string];
  return graph.node("BatchNormalization", [x, scale, shift, zero, one], [attribute.float("epsilon", 0)]);
}

const inverseDeviation = (graph: Graph, layer: Norm, variance: string): string =>
  graph.node("Reciprocal", [graph.node("Sqrt", [graph.node("Add", [variance, graph.scalar(layer.epsilon)])])]);

interface Moments {
  readonly mean: string;
  readonly deviation: string;
}

/** Gradient of gamma, and the sum of dy, which is that of beta; both are learnt where they are trained. */
function ofGammaAndBeta(scope: LearningScope<Norm>, x: string, dy: string, { mean, deviation }: Moments) {
  const { graph, input, trains, learn } = scope;
  const sum = sumPerChannel(graph, dy, input.length + 1);
  const product = sumPerChannel(graph, graph.node("Mul", [dy, x]), input.length + 1);
  const gamma = graph.node("Mul", [graph.node("Sub", [product, graph.node("Mul", [mean, sum])]), deviation]);
  if (trains("gamma")) learn("gamma", gamma);
  if (trains("beta")) learn("beta", sum);
  return { gamma, sum };
}

/** With the statistics of the base. */
function frozen(scope: LearningScope<Norm>, x: string): Learnt {
  const { graph, layer, parameter, trains, passesOn } = scope;
  return {
    output: batchNorm.forward(scope, [x]),
    backward(dy) {
      const deviation = inverseDeviation(graph, layer, parameter("variance"));
      if (trains("gamma") || trains("beta")) ofGammaAndBeta(scope, x, dy, { mean: parameter("mean"), deviation });
      if (!passesOn) return [];
      const zero = graph.floats(new Float32Array(layer.channels), [layer.channels]);
      return [affine(graph, layer.channels, dy, graph.node("Mul", [parameter("gamma"), deviation]), zero)];
    },
  };
}

/** With the statistics of the batch. */
function ofBatch(scope: LearningScope<Norm>, x: string): Learnt {
  const { graph, layer, batch, input, parameter, statistics, passesOn } = scope;
  const [output, mean, variance] = [graph.fresh(), graph.fresh(), graph.fresh()];
  const [gamma, beta] = [parameter("gamma"), parameter("beta")];
  // With momentum 0 the running statistics that come out are the batch's. ONNX Runtime writes them into the memory of those that go
  // in, even where that is a constant others use: so each goes in as a value computed for it alone.
  const nothing = [gamma, beta].map((own) => graph.node("Mul", [own, graph.scalar(0)]));
  const attributes = [epsilonOf(layer), attribute.int("training_mode", 1), attribute.float("momentum", 0)];
  graph.node("BatchNormalization", [x, gamma, beta, ...nothing], attributes, [output, mean, variance]);
  const values = batch * input.slice(1).reduce((product, length) => product * length, 1);
  statistics(mean, graph.node("Mul", [variance, graph.scalar(values / Math.max(1, values - 1))]));
  return {
    output,
    backward(dy) {
      const deviation = inverseDeviation(graph, layer, variance);
      const learnt = ofGammaAndBeta(scope, x, dy, { mean, deviation });
      if (!passesOn) return [];
      const scale = graph.node("Mul", [gamma, deviation]);
      const share = graph.node("Mul", [scale, graph.scalar(-1 / values)]);
      const slope = graph.node("Mul", [share, graph.node("Mul", [deviation, learnt.gamma])]);
      const shift = graph.node("Sub", [graph.node("Mul", [share, learnt.sum]), graph.node("Mul", [slope, mean])]);
      const zero = graph.floats(new Float32Array(layer.channels), [layer.channels]);
      return [graph.node("Add", [affine(graph, layer.channels, dy, scale, zero), affine(graph, layer.channels, x, slope, shift)])];
    },
  };
}

export const batchNorm: Operator<Norm> = {
  forward: ({ graph, layer, parameter }, [x]) =>
    graph.node("BatchNormalization", [x as string, ...PARTS.map(parameter)], [epsilonOf(layer)]),
  learn: (scope, [x]) => (scope.trains("mean") ? ofBatch(scope, x as string) : frozen(scope, x as string)),
};
