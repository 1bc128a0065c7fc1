/** Convolutions, pools and zero padding. */
import type { LayerOf } from "../../ir/layers.ts";
import { paddingOf } from "../../ir/shapes.ts";
import { activated } from "./activations.ts";
import { broken, count, extents, flag, only, refuse } from "./config.ts";
import { inForm, kernelFirst, type Network, type Value } from "./network.ts";
import type { SourceLayer } from "./source.ts";

type Padding = LayerOf<"conv">["padding"];

/** Refuses all but channels last without holes. */
const PLAIN = { data_format: "channels_last" };

const dimensionsOf = ({ kind }: SourceLayer): number => (kind.includes("1D") ? 1 : 2);

interface Window {
  readonly size: number[];
  readonly stride: number[];
  readonly padding: Padding;
  /** Of the output. */
  readonly space: readonly number[];
}

/** A window over a value, with the zeros that already stand around it. */
function windowOver(source: SourceLayer, value: Value, size: number[], stride: number[]): Window {
  const space = value.shape.slice(0, -1);
  if (space.length !== size.length) throw broken(source, `is over ${size.length} dimensions and gets ${space.length}`);
  const name = source.config["padding"] ?? "valid";
  const around = value.padding ?? size.map(() => [0, 0] as const);
  const whole = space.map((length, axis) => length + (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0));
  const own = ownPadding(source, name, whole, size, stride);
  const output = whole.map((length, axis) => {
    const [before, after] = own[axis] as readonly [number, number];
    return Math.floor((length + before + after - (size[axis] as number)) / (stride[axis] as number)) + 1;
  });
  if (output.some((length) => length < 1)) throw broken(source, "has a window larger than what comes in");
  const both = own.map(([before, after], axis): [number, number] => [before + (around[axis]?.[0] ?? 0), after + (around[axis]?.[1] ?? 0)]);
  return { size, stride, padding: name === "same" && value.padding === undefined ? "same" : both, space: output };
}

function ownPadding(source: SourceLayer, name: unknown, space: readonly number[], size: readonly number[], stride: readonly number[]) {
  if (name === "same") return paddingOf("same", space, size, stride);
  if (name === "valid") return size.map(() => [0, 0] as const);
  if (name === "causal" && size.length === 1) return [[(size[0] as number) - 1, 0] as const];
  throw refuse(source, "pads in a way of its own");
}

function windowOfConv(source: SourceLayer, value: Value): Window {
  const dimensions = dimensionsOf(source);
  only(source, PLAIN);
  if (extents(source, "dilation_rate", dimensions, 1).some((rate) => rate !== 1))
    throw refuse(source, "has a kernel with holes (dilation)");
  return windowOver(source, value, extents(source, "kernel_size", dimensions, undefined), extents(source, "strides", dimensions, 1));
}

const area = (size: readonly number[]): number => size.reduce((product, length) => product * length, 1);

/** Adds the layer; the value behind it has no padding left. */
function placed(
  network: Network,
  source: SourceLayer,
  input: Value,
  { size, stride, padding, space }: Window,
  { out, groups, bias }: { readonly out: number; readonly groups: number; readonly bias: boolean },
  parameters: Readonly<Record<string, Float32Array>>,
): Value {
  const channels = input.shape.at(-1) as number;
  const layer = { kind: "conv", in: channels, out, kernel: size, stride, padding, groups, bias } as const;
  const from = network.add(source, { ...input, padding: undefined }, layer, parameters);
  return { from, shape: [...space, out], form: "space" };
}

const withBias = (bias: boolean, out: number): readonly (readonly [readonly string[], readonly number[]])[] =>
  bias ? [[["bias"], [out]]] : [];

export function conv(network: Network, source: SourceLayer, given: Value): Value {
  const [out, groups, bias] = [count(source, "filters"), count(source, "groups", 1), flag(source, "use_bias", true)];
  if (given.form === "row") return convOfOne(network, source, given, out, bias);
  const input = inForm(network, source, given, "space");
  const channels = input.shape.at(-1) as number;
  if (channels % groups !== 0 || out % groups !== 0) throw broken(source, "has groups that do not divide its channels");
  const window = windowOfConv(source, input);
  const each = channels / groups;
  const [kernel, ...rest] = network.take(source, [[["kernel"], [...window.size, each, out]], ...withBias(bias, out)]);
  const parameters = {
    kernel: kernelFirst(kernel as Float32Array, area(window.size), each, out),
    ...(bias ? { bias: rest[0] as Float32Array } : {}),
  };
  return activated(network, source, placed(network, source, input, window, { out, groups, bias }, parameters));
}

/** A convolution of one pixel over one pixel: what Keras's own models have behind a global pool that keeps its dimensions. */
function convOfOne(network: Network, source: SourceLayer, input: Value, out: number, bias: boolean): Value {
  only(source, { ...PLAIN, groups: 1 });
  const size = extents(source, "kernel_size", dimensionsOf(source), undefined);
  const channels = input.shape.at(-1) as number;
  if (area(size) !== 1 || area(input.shape) !== channels || input.flattened !== undefined)
    throw refuse(source, "does not fit what comes in");
  const [kernel, given] = network.take(source, [[["kernel"], [...size, channels, out]], ...withBias(bias, out)]);
  const parameters = { kernel: kernel as Float32Array, bias: given ?? new Float32Array(out) };
  const from = network.add(source, input, { kind: "dense", in: channels, out }, parameters);
  return activated(network, source, { from, shape: [...input.shape.slice(0, -1), out], form: "row" });
}

export function depthwise(network: Network, source: SourceLayer, given: Value): Value {
  const input = inForm(network, source, given, "space");
  const [channels, multiplier, bias] = [input.shape.at(-1) as number, count(source, "depth_multiplier", 1), flag(source, "use_bias", true)];
  const window = windowOfConv(source, input);
  const out = channels * multiplier;
  const names = ["kernel", "depthwise_kernel"];
  const [kernel, ...rest] = network.take(source, [[names, [...window.size, channels, multiplier]], ...withBias(bias, out)]);
  const parameters = {
    kernel: kernelFirst(kernel as Float32Array, area(window.size), 1, out),
    ...(bias ? { bias: rest[0] as Float32Array } : {}),
  };
  return activated(network, source, placed(network, source, input, window, { out, groups: channels, bias }, parameters));
}

export function separable(network: Network, source: SourceLayer, given: Value): Value {
  const input = inForm(network, source, given, "space");
  const [channels, multiplier, bias] = [input.shape.at(-1) as number, count(source, "depth_multiplier", 1), flag(source, "use_bias", true)];
  const out = count(source, "filters");
  const window = windowOfConv(source, input);
  const [middle, one] = [channels * multiplier, window.size.map(() => 1)];
  const [depth, point, added] = network.take(source, [
    [["depthwise_kernel"], [...window.size, channels, multiplier]],
    [["pointwise_kernel"], [...one, middle, out]],
    ...withBias(bias, out),
  ]);
  const first = { kernel: kernelFirst(depth as Float32Array, area(window.size), 1, middle) };
  const named = { ...source, name: `${source.name}_depthwise` };
  const between = placed(network, named, input, window, { out: middle, groups: channels, bias: false }, first);
  const second = { kernel: kernelFirst(point as Float32Array, 1, middle, out), ...(bias ? { bias: added as Float32Array } : {}) };
  const plain: Window = { size: one, stride: one, padding: one.map(() => [0, 0]), space: window.space };
  return activated(network, source, placed(network, source, between, plain, { out, groups: 1, bias }, second));
}

export function pool(network: Network, source: SourceLayer, given: Value): Value {
  only(source, PLAIN);
  const input = inForm(network, source, given, "space");
  const operation = source.kind.startsWith("Max") ? "max" : "mean";
  const size = extents(source, "pool_size", dimensionsOf(source), 2);
  const window = windowOver(source, input, size, extents(source, "strides", dimensionsOf(source), size));
  // Keras counts the zeros, Engraft's pools leave padding out: the same where nothing is below zero and each window holds something.
  const holds = window.padding === "same" || window.padding.every((ends, axis) => Math.max(...ends) < (size[axis] as number));
  const harmless = operation === "max" && input.positive === true && holds;
  if (input.padding !== undefined && !harmless) throw refuse(source, "pools over zero padding");
  const layer = { kind: "pool", operation, window: size, stride: window.stride, padding: window.padding } as const;
  const from = network.add(source, { ...input, padding: undefined }, layer);
  return { from, shape: [...window.space, input.shape.at(-1) as number], form: "space", positive: input.positive === true };
}

export function globalPool(network: Network, source: SourceLayer, given: Value): Value {
  only(source, PLAIN);
  const input = inForm(network, source, given, "space");
  if (input.shape.length !== dimensionsOf(source) + 1) throw broken(source, "does not fit what comes in");
  const channels = input.shape.at(-1) as number;
  const from = network.add(source, input, { kind: "global-pool", operation: source.kind.includes("Max") ? "max" : "mean" });
  const kept = flag(source, "keepdims", false) ? input.shape.slice(0, -1).map(() => 1) : [];
  return { from, shape: [...kept, channels], form: "row", positive: input.positive === true };
}

/** Kept for the next layer. */
export function zeroPadding(network: Network, source: SourceLayer, given: Value): Value {
  only(source, PLAIN);
  const input = inForm(network, source, given, "space");
  const dimensions = dimensionsOf(source);
  if (input.shape.length !== dimensions + 1) throw broken(source, "does not fit what comes in");
  const config = paddingPairs(source, dimensions);
  const padding = config.map(([before, after], axis): [number, number] => [
    before + (input.padding?.[axis]?.[0] ?? 0),
    after + (input.padding?.[axis]?.[1] ?? 0),
  ]);
  return { ...input, padding };
}

/** 1, [1, 1] or [[1, 1], [1, 1]] of two dimensions; 1 or [1, 1], before and after, of one. */
function paddingPairs(source: SourceLayer, dimensions: number): readonly (readonly [number, number])[] {
  const given: unknown = source.config["padding"] ?? 1;
  const each: readonly unknown[] = dimensions === 1 ? [given] : Array.isArray(given) ? given : [given, given];
  const pairs = each.map((one) => (Array.isArray(one) ? one : [one, one]) as readonly unknown[]);
  const fits = (one: unknown): boolean => typeof one === "number" && Number.isInteger(one) && one >= 0 && one <= 1024;
  if (pairs.length !== dimensions || !pairs.every((pair) => pair.length === 2 && pair.every(fits)))
    throw broken(source, "has no usable padding");
  return pairs.map(([before, after]) => [before as number, after as number]);
}
