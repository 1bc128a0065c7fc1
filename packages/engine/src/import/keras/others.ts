/** All layers that are neither convolutions, pools nor activations. */
import { activated } from "./activations.ts";
import { broken, count, flag, isRecord, only, real, reals, refuse } from "./config.ts";
import { inForm, kernelFirst, rowsFirst, type Network, type Value } from "./network.ts";
import type { SourceLayer } from "./source.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

export function dense(network: Network, source: SourceLayer, given: Value): Value {
  const [width, out, bias] = [given.shape.at(-1) as number, count(source, "units"), flag(source, "use_bias", true)];
  const [kernel, added] = network.take(source, [[["kernel"], [width, out]], ...(bias ? ([[["bias"], [out]]] as const) : [])]);
  const weights = { kernel: kernel as Float32Array, bias: added ?? new Float32Array(out) };
  const shape = [...given.shape.slice(0, -1), out];
  if (given.shape.length === 3 && given.form === "space") {
    // The same row of numbers for every pixel.
    const layer = {
      kind: "conv",
      in: width,
      out,
      kernel: [1, 1],
      stride: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      groups: 1,
      bias: true,
    } as const;
    const parameters = { ...weights, kernel: kernelFirst(weights.kernel, 1, width, out) };
    const from = network.add(
      source,
      given,
      {
        ...layer,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
      },
      parameters,
    );
    return activated(network, source, { from, shape, form: "space" });
  }
  const input = given.form === "row" ? given : inForm(network, source, given, "steps");
  if (input.flattened !== undefined) weights.kernel = rowsFirst(weights.kernel, input.flattened);
  const from = network.add(source, input, { kind: "dense", in: width, out }, weights);
  return activated(network, source, { from, shape, form: input.form });
}

export function batchNorm(network: Network, source: SourceLayer, given: Value): Value {
  const input = given.form === "row" ? given : inForm(network, source, given, "space");
  const channels = input.shape.at(-1) as number;
  const axis: unknown = [source.config["axis"] ?? -1].flat(2)[0];
  if (axis !== -1 && axis !== input.shape.length) throw refuse(source, "normalises over another axis than the channels");
  only(source, { renorm: false });
  const [scale, center] = [flag(source, "scale", true), flag(source, "center", true)];
  const names = [...(scale ? ["gamma"] : []), ...(center ? ["beta"] : []), "moving_mean", "moving_variance"];
  const found = network.take(
    source,
    names.map((name) => [[name], [channels]] as const),
  );
  const of = (name: string, otherwise: number): Float32Array => {
    const values = found[names.indexOf(name)] ?? new Float32Array(channels).fill(otherwise);
    return input.flattened === undefined ? values : rowsFirst(values, input.flattened);
  };
  const parameters = { gamma: of("gamma", 1), beta: of("beta", 0), mean: of("moving_mean", 0), variance: of("moving_variance", 1) };
  const from = network.add(source, input, { kind: "batch-norm", channels, epsilon: real(source, "epsilon", 1e-3) }, parameters);
  return { ...input, from, scaled: undefined, positive: false };
}

export function add(network: Network, source: SourceLayer, given: readonly Value[]): Value {
  const [first, ...others] = given;
  if (first === undefined || others.length === 0) throw broken(source, "adds less than two things");
  return others.reduce((sum, other) => {
    if (sum.shape.join() !== other.shape.join()) throw refuse(source, "adds things of different shapes");
    const [a, b] = sum.form === "row" ? [sum, other] : [sum, inForm(network, source, other, sum.form)];
    if (a.form !== b.form || String(a.flattened) !== String(b.flattened)) throw refuse(source, "adds things of different order");
    return { from: network.sum(source, a, b), shape: a.shape, form: a.form, flattened: a.flattened };
  }, first);
}

export function flatten(network: Network, source: SourceLayer, input: Value): Value {
  only(source, { data_format: "channels_last" });
  const shape = [sizeOf(input.shape)];
  if (input.form === "row") return { ...input, shape };
  if (input.shape.length === 2) {
    const from = network.add(source, inForm(network, source, input, "steps"), { kind: "flatten" });
    return { from, shape, form: "row", positive: input.positive === true };
  }
  const from = network.add(source, input, { kind: "flatten" });
  const [height, width, channels] = input.shape as readonly [number, number, number];
  const moves = height * width > 1 && channels > 1;
  return { from, shape, form: "row", flattened: moves ? [height, width, channels] : undefined, positive: input.positive === true };
}

export function reshape(_network: Network, source: SourceLayer, input: Value): Value {
  const target: unknown = source.config["target_shape"];
  if (!Array.isArray(target) || !target.every((one) => Number.isInteger(one))) throw broken(source, "has no usable target_shape");
  const known = sizeOf((target as readonly number[]).filter((length) => length !== -1));
  const shape = (target as readonly number[]).map((length) => (length === -1 ? sizeOf(input.shape) / known : length));
  const isRow = input.form === "row" && sizeOf(shape) === shape.at(-1) && shape.at(-1) === sizeOf(input.shape);
  if (!isRow && shape.join() !== input.shape.join()) throw refuse(source, "changes the order of what comes in");
  return { ...input, shape };
}

export function dropout(network: Network, source: SourceLayer, input: Value): Value {
  const rate = real(source, "rate", 0);
  if (rate < 0 || rate >= 1) throw broken(source, "has no usable rate");
  only(source, { noise_shape: null });
  return { ...input, from: network.add(source, input, { kind: "dropout", rate }), scaled: undefined };
}

export function gru(network: Network, source: SourceLayer, given: Value): Value {
  const input = inForm(network, source, given, "steps");
  only(source, { activation: "tanh", recurrent_activation: "sigmoid", reset_after: true });
  only(source, { return_sequences: false, return_state: false, go_backwards: false, stateful: false, time_major: false });
  const [width, units, bias] = [input.shape[1] as number, count(source, "units"), flag(source, "use_bias", true)];
  const [kernel, recurrent, added] = network.take(
    source,
    [
      [["kernel"], [width, 3 * units]],
      [["recurrent_kernel"], [units, 3 * units]],
      ...(bias ? ([[["bias"], [2, 3 * units]]] as const) : []),
    ],
    "cell",
  );
  const parameters = { kernel: kernel as Float32Array, recurrent: recurrent as Float32Array, bias: added ?? new Float32Array(6 * units) };
  return { from: network.add(source, input, { kind: "gru", in: width, units }, parameters), shape: [units], form: "row" };
}

/** Another scaling of the input, after those before it. */
function scaledBy(source: SourceLayer, input: Value, scale: readonly number[], offset: readonly number[]): Value {
  if (input.from !== "input" || input.padding !== undefined) throw refuse(source, "scales what is not the input");
  const before = input.scaled ?? { scale: scale.map(() => 1), offset: scale.map(() => 0) };
  const next = {
    scale: scale.map((factor, channel) => factor * (before.scale[channel] as number)),
    offset: offset.map((shift, channel) => shift + (scale[channel] as number) * (before.offset[channel] as number)),
  };
  return { ...input, scaled: next };
}

export function rescaling(_network: Network, source: SourceLayer, input: Value): Value {
  const channels = input.shape.at(-1) as number;
  return scaledBy(source, input, reals(source, "scale", channels, 1), reals(source, "offset", channels, 0));
}

/** Keras divides by at least this. */
const LEAST_SD = 1e-7;

export function normalization(network: Network, source: SourceLayer, input: Value): Value {
  const channels = input.shape.at(-1) as number;
  const axis: unknown = [source.config["axis"] ?? -1].flat(2)[0];
  if (axis !== -1 && axis !== input.shape.length) throw refuse(source, "normalises over another axis than the channels");
  only(source, { invert: false });
  const isGiven = (source.config["mean"] ?? null) !== null || isRecord(source.config["variance"]);
  const [mean, variance] = isGiven
    ? [reals(source, "mean", channels, 0), reals(source, "variance", channels, 1)]
    : network.take(source, [
        [["mean"], [channels]],
        [["variance"], [channels]],
      ]);
  const sd = Array.from(variance as ArrayLike<number>, (value) => Math.max(Math.sqrt(value), LEAST_SD));
  const scale = sd.map((value) => 1 / value);
  return scaledBy(
    source,
    input,
    scale,
    scale.map((factor, channel) => -(mean as ArrayLike<number>)[channel]! * factor),
  );
}
