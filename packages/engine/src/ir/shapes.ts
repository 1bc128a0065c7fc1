/** What shape a layer gives for the shapes that come in. Every message names the layer: a person reads it. */
import type { Layer, LayerOf, Shape } from "./layers.ts";

type Padding = LayerOf<"conv">["padding"];

/** Thrown with what does not fit. */
export class Misfit extends Error {
  override readonly name = "Misfit";
}

const text = (shape: Shape): string => `[${shape.join(", ")}]`;

/** A list for each dimension of space, as one of two dimensions: a recording is a picture of one row. */
export const twoOf = <T>(list: readonly T[], one: T): readonly [T, T] =>
  list.length === 1 ? [one, list[0] as T] : [list[0] as T, list[1] as T];

/** Each channel by itself. */
export const isDepthwise = ({ groups, in: inputs, out }: LayerOf<"conv">): boolean => groups === inputs && out === inputs;

/** Padding before and after each dimension of space. */
export function paddingOf(
  padding: Padding,
  space: Shape,
  window: readonly number[],
  stride: readonly number[],
): readonly (readonly [number, number])[] {
  return space.map((length, dimension) => {
    if (padding !== "same") return padding[dimension] as [number, number];
    const [size, step] = [window[dimension] as number, stride[dimension] as number];
    const missing = Math.max((Math.ceil(length / step) - 1) * step + size - length, 0);
    return [Math.floor(missing / 2), Math.ceil(missing / 2)];
  });
}

function windowed(name: string, space: Shape, window: readonly number[], stride: readonly number[], padding: Padding): Shape {
  const lists = [window, stride, ...(padding === "same" ? [] : [padding])];
  if (lists.some((list) => list.length !== space.length))
    throw new Misfit(`layer ${name} has a window of ${window.length} dimensions over ${space.length}`);
  const padded = paddingOf(padding, space, window, stride);
  return space.map((length, dimension) => {
    const [before, after] = padded[dimension] as readonly [number, number];
    const size = Math.floor((length + before + after - (window[dimension] as number)) / (stride[dimension] as number)) + 1;
    if (size < 1) throw new Misfit(`layer ${name} has a window larger than its input ${text(space)}`);
    return size;
  });
}

function dense(layer: LayerOf<"dense">, input: Shape): Shape {
  const width = input.at(-1);
  if (input.length > 2) throw new Misfit(`layer ${layer.name} expects a row and gets ${text(input)}: flatten or pool it first`);
  if (width !== layer.in) throw new Misfit(`layer ${layer.name} expects ${layer.in} numbers and gets ${width}`);
  return [...input.slice(0, -1), layer.out];
}

function conv(layer: LayerOf<"conv">, [channels, ...space]: Shape): Shape {
  if (space.length !== layer.kernel.length) {
    throw new Misfit(`layer ${layer.name} is over ${layer.kernel.length} dimensions and gets ${text([channels ?? 0, ...space])}`);
  }
  if (channels !== layer.in) throw new Misfit(`layer ${layer.name} expects ${layer.in} channels and gets ${channels}`);
  if (layer.in % layer.groups !== 0 || layer.out % layer.groups !== 0) {
    throw new Misfit(`layer ${layer.name} has ${layer.groups} groups, which does not divide its channels`);
  }
  return [layer.out, ...windowed(layer.name, space, layer.kernel, layer.stride, layer.padding)];
}

function gru(layer: LayerOf<"gru">, input: Shape): Shape {
  if (input.length !== 2) throw new Misfit(`layer ${layer.name} expects [steps, features] and gets ${text(input)}`);
  if (input[1] !== layer.in) throw new Misfit(`layer ${layer.name} expects ${layer.in} features and gets ${input[1]}`);
  return [layer.units];
}

/** Throws `Misfit`. */
export function outputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const input = inputs[0] as Shape;
  switch (layer.kind) {
    case "dense":
      return dense(layer, input);
    case "conv":
      return conv(layer, input);
    case "batch-norm":
      if (input[0] !== layer.channels) throw new Misfit(`layer ${layer.name} expects ${layer.channels} channels and gets ${input[0]}`);
      return input;
    case "layer-norm":
      if (input.length > 2) throw new Misfit(`layer ${layer.name} normalises rows and gets ${text(input)}`);
      if (input.at(-1) !== layer.features)
        throw new Misfit(`layer ${layer.name} expects ${layer.features} numbers and gets ${input.at(-1)}`);
      return input;
    case "embedding":
      if (input.length !== 1) throw new Misfit(`layer ${layer.name} takes a row of codes and gets ${text(input)}`);
      return [...input, layer.width];
    case "activation":
    case "dropout":
      return input;
    case "add":
      if (inputs.some((other) => text(other) !== text(input))) {
        throw new Misfit(`layer ${layer.name} adds ${inputs.map(text).join(" and ")}, which have different shapes`);
      }
      return input;
    case "pool":
      if (input.length < 2) throw new Misfit(`layer ${layer.name} pools space and gets ${text(input)}`);
      return [input[0] as number, ...windowed(layer.name, input.slice(1), layer.window, layer.stride, layer.padding)];
    case "global-pool":
      if (input.length < 2) throw new Misfit(`layer ${layer.name} pools space and gets ${text(input)}`);
      return [input[0] as number];
    case "flatten":
      return [input.reduce((product, dimension) => product * dimension, 1)];
    case "transpose":
      if (input.length !== 2) throw new Misfit(`layer ${layer.name} turns two dimensions and gets ${text(input)}`);
      return [input[1] as number, input[0] as number];
    case "plane":
      if (input.length !== 2) throw new Misfit(`layer ${layer.name} takes leads by points and gets ${text(input)}`);
      return [1, ...input];
    case "gru":
      return gru(layer, input);
    default:
      return layer satisfies never;
  }
}
