/**
 * The channel-blocked layout of ONNX Runtime's own convolutions on x86 (operators of `com.microsoft.nchwc`, which it otherwise only brings in
 * by itself where weights are constants). A value of logical shape [batch, channels, height, width] lies in memory as
 * [batch, channels / b, height, width, b], with channels filled up to a multiple of the block size b, 8 or 16 by processor. A recording is
 * one row high.
 *
 * Elementwise operators work on it as it is. Other views of the same memory come by Reshape, which moves nothing. What lies in the lanes that
 * fill up is finite and meets only zero weights.
 */
import { attribute, type Graph } from "../graph.ts";
import type { Layer, Shape } from "../../ir/layers.ts";
import { twoOf } from "../../ir/shapes.ts";
import { filledUp, reshape, sumOver } from "../arrange.ts";
import type { Learnt, LearningScope } from "../operators/operator.ts";

export const NCHWC = "com.microsoft.nchwc";

export interface BlockedScope<L extends Layer = Layer> extends LearningScope<L> {
  readonly block: number;
}

/** How a value lies in memory. */
export type Form = "plain" | "blocked";

export interface BlockedOperator<L extends Layer> {
  /** The form in which it takes its input, given those that the input has; undefined where the plain operator does the work. */
  readonly takes: (scope: BlockedScope<L>, has: (form: Form) => boolean) => Form | undefined;
  readonly gives: Form;
  /** Gradients come in the output's form and go out in the input's. */
  readonly learn: (scope: BlockedScope<L>, input: string, form: Form) => Learnt;
}

/** Channels, filled up. */
export const filled = (channels: number, block: number): number => Math.ceil(channels / block) * block;

export const nchwc = (graph: Graph, operator: string, input: readonly string[], attributes: readonly object[] = []): string =>
  graph.node(operator, input, attributes, undefined, NCHWC);

/** [batch, channels, ...space] to the blocked form. */
export function toBlocked(graph: Graph, x: string, batch: number, [channels = 0, ...space]: Shape, block: number): string {
  const image = space.length === 2 ? x : reshape(graph, x, [batch, channels, ...twoOf(space, 1)]);
  const whole = filled(channels, block);
  const size = [batch, channels, ...twoOf(space, 1)];
  return nchwc(graph, "ReorderInput", [filledUp(graph, image, size, [batch, whole, ...twoOf(space, 1)])]);
}

export function toPlain(graph: Graph, x: string, batch: number, [channels = 0, ...space]: Shape): string {
  const image = nchwc(graph, "ReorderOutput", [x], [attribute.int("channels", channels)]);
  return space.length === 2 ? image : reshape(graph, image, [batch, channels, ...space]);
}

/** A value for each channel [channels], filled up with zeros. */
export const perChannel = (graph: Graph, x: string, channels: number, block: number): string =>
  filledUp(graph, x, [channels], [filled(channels, block)]);

/** Sum of x y over batch and space, [channels filled up]: each channel of each sample is convolved with its like, in one place. */
export function dot(
  graph: Graph,
  x: string,
  y: string,
  batch: number,
  [channels, height, width]: readonly [number, number, number],
): string {
  const all = batch * channels;
  const each = nchwc(
    graph,
    "Conv",
    [reshape(graph, x, [1, all, height, width]), reshape(graph, y, [all, 1, height, width])],
    [attribute.ints("kernel_shape", [height, width]), attribute.int("group", all)],
  );
  return sumOver(graph, reshape(graph, each, [batch, channels]), [0]);
}

/** Sum of x over batch and space, [channels filled up]. */
export function sum(graph: Graph, x: string, batch: number, [channels, height, width]: readonly [number, number, number]): string {
  const means = reshape(graph, nchwc(graph, "GlobalAveragePool", [x]), [batch, channels]);
  return graph.node("Mul", [sumOver(graph, means, [0]), graph.scalar(height * width)]);
}

/** scale x + shift for each channel, plus `added`: a convolution of one place. */
export function affine(graph: Graph, x: string, channels: number, scale: string, shift?: string, added?: string): string {
  const rest = added === undefined ? (shift === undefined ? [] : [shift]) : [shift ?? "", added];
  return nchwc(
    graph,
    "Conv",
    [x, reshape(graph, scale, [channels, 1, 1, 1]), ...rest],
    [attribute.ints("kernel_shape", [1, 1]), attribute.int("group", channels)],
  );
}

/** Zeros between the values of space, `stride - 1` after each: [batch, channels, height s, width s]. */
export function spread(
  graph: Graph,
  x: string,
  shape: readonly [number, number, number, number],
  stride: readonly [number, number],
  block: number,
): string {
  const [batch, channels, height, width] = shape;
  const [down, across] = stride;
  if (down === 1 && across === 1) return x;
  const rows = (batch * channels) / block;
  const wide = filledUp(
    graph,
    reshape(graph, x, [rows * height * width, block]),
    [rows * height * width, block],
    [rows * height * width, block * across],
  );
  const line = width * across * block;
  const high = filledUp(graph, reshape(graph, wide, [rows * height, line]), [rows * height, line], [rows * height, line * down]);
  return reshape(graph, high, [batch, channels, height * down, width * across]);
}
