/** What convolutions and pools share: a window that moves over space in steps. */
import { attribute, type Graph } from "../graph.ts";
import type { Shape } from "../../ir/layers.ts";

export type Padding = readonly (readonly [number, number])[];

/** Of each dimension of space: its length, then window, step and padding. */
export interface Moves {
  readonly space: Shape;
  readonly window: readonly number[];
  readonly stride: readonly number[];
  readonly padding: Padding;
}

/** Begin of every dimension, then end of every dimension. */
export const pads = (padding: Padding) =>
  attribute.ints("pads", [...padding.map(([before]) => before), ...padding.map(([, after]) => after)]);

/** Attributes of the ConvTranspose that leads from the outputs of these moves back to `space`, whose last values no window may have met. */
export function transposed({ space, window, stride, padding }: Moves): readonly object[] {
  const unmet = space.map((length, dimension) => {
    const [before, after] = padding[dimension] as readonly [number, number];
    return (length + before + after - (window[dimension] as number)) % (stride[dimension] as number);
  });
  return [
    attribute.ints("kernel_shape", window),
    attribute.ints("strides", stride),
    pads(padding),
    attribute.ints("output_padding", unmet),
  ];
}

/**
 * For a kernel's gradient the gradients of the outputs are the kernel, with its taps a stride apart: the padding with which it meets as
 * many places of x as the window has taps, or some more, and how many it meets.
 */
export function around({ space, window, stride, padding }: Moves, places: Shape): { readonly padding: Padding; readonly met: Shape } {
  const ends = space.map((length, dimension) => {
    const [begin] = padding[dimension] as readonly [number, number];
    return (window[dimension] as number) + (stride[dimension] as number) * ((places[dimension] as number) - 1) - length - begin;
  });
  return {
    padding: padding.map(([begin], dimension) => [begin, Math.max(0, ends[dimension] as number)] as const),
    met: window.map((taps, dimension) => taps + Math.max(0, -(ends[dimension] as number))),
  };
}

/** x [batch, channels, ...space] with zeros around its space. */
export function padded(graph: Graph, x: string, padding: Padding): string {
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  const sizes = [0, 0, ...padding.map(([before]) => before), 0, 0, ...padding.map(([, after]) => after)];
  return graph.node("Pad", [x, graph.integers(sizes)]);
}

/** What one tap of the window meets of x [a, b, ...padded space]: every `stride`-th value from the tap's place on, `counts` of them. */
export function metBy(graph: Graph, x: string, tap: readonly number[], counts: readonly number[], stride: readonly number[]): string {
  const ends = tap.map((start, dimension) => start + ((counts[dimension] as number) - 1) * (stride[dimension] as number) + 1);
  const axes = tap.map((_, dimension) => dimension + 2);
  return graph.node("Slice", [x, graph.integers(tap), graph.integers(ends), graph.integers(axes), graph.integers(stride)]);
}

/** All places of a window, in row-major order. */
export const tapsOf = (window: readonly number[]): readonly (readonly number[])[] =>
  window.reduce<readonly (readonly number[])[]>(
    (taps, length) => taps.flatMap((tap) => Array.from({ length }, (_, at) => [...tap, at])),
    [[]],
  );
