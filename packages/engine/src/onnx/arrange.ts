/** Small idioms of graphs: values laid out anew, cut, filled up and added. */
import type { Shape } from "../ir/layers.ts";
import { attribute, type Graph } from "./graph.ts";

export const reshape = (graph: Graph, x: string, shape: Shape): string => graph.node("Reshape", [x, graph.integers(shape)]);

export const permuted = (graph: Graph, x: string, perm: readonly number[]): string =>
  graph.node("Transpose", [x], [attribute.ints("perm", perm)]);

/** Sum over some dimensions, which are gone then; over all where none is named. */
export const sumOver = (graph: Graph, x: string, axes?: readonly number[]): string =>
  graph.node("ReduceSum", axes === undefined ? [x] : [x, graph.integers(axes)], [attribute.int("keepdims", 0)]);

/** Sum of the squares of each row of x [rows, width], [rows]. */
export const squaresOfRows = (graph: Graph, x: string): string =>
  graph.node("ReduceSumSquare", [x], [attribute.ints("axes", [1]), attribute.int("keepdims", 0)]);

/** Sum of x [batch, channels, ...space] over all but the channels. `rank` counts the batch. */
export const sumPerChannel = (graph: Graph, x: string, rank: number): string =>
  sumOver(
    graph,
    x,
    Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1),
  );

/** Zeros after the end of each dimension, up to `to`. */
export function filledUp(graph: Graph, x: string, from: Shape, to: Shape): string {
  if (from.every((length, at) => length === to[at])) return x;
  const zeros = from.map(() => 0);
  return graph.node("Pad", [x, graph.integers([...zeros, ...from.map((length, at) => (to[at] as number) - length)])]);
}

/** The first values of each dimension. */
export function cut(graph: Graph, x: string, from: Shape, to: Shape): string {
  const axes = from.map((_, axis) => axis).filter((axis) => from[axis] !== to[axis]);
  if (axes.length === 0) return x;
  return graph.node("Slice", [
    x,
    graph.integers(axes.map(() => 0)),
    graph.integers(axes.map((axis) => to[axis] as number)),
    graph.integers(axes),
  ]);
}

/** A kernel [out, in, ...window] with the ends of its window changed over. */
export function reversed(graph: Graph, kernel: string, window: Shape): string {
  const steps = graph.integers(window.map(() => -1));
  const ends = graph.integers(window.map((length) => -length - 1));
  return graph.node("Slice", [kernel, steps, ends, graph.integers(window.map((_, dimension) => dimension + 2)), steps]);
}
