/** What a Keras model becomes: layers of the IR with their tensors, built one after the other, channels first. */
import type { NamedTensor } from "../named-tensors.ts";
import { INPUT, type Layer, type LayerOf } from "../../ir/layers.ts";
import { broken, refuse } from "./config.ts";
import type { SourceLayer } from "./source.ts";

/** The weights of a layer in the order of `parts`, each of which may have several names. Throws `bad-input`. */
export type Weights = (layer: SourceLayer, parts: readonly (readonly string[])[], inner?: string) => readonly NamedTensor[];

type Pair = readonly [number, number];

/** The output of a Keras layer, and how it lies in the network. */
export interface Value {
  /** The IR's layer that gives it, or "input". */
  readonly from: string;
  /** As Keras has it: without the batch, channels last. */
  readonly shape: readonly number[];
  /** "space": channels first. "steps": [steps, features], as Keras has it. "row": one dimension, whatever ones stand in the shape. */
  readonly form: "space" | "steps" | "row";
  /** A row of [height, width, channels], whose numbers stand channels first. */
  readonly flattened?: readonly [number, number, number] | undefined;
  /** Zeros around it that the next layer adds. */
  readonly padding?: readonly Pair[] | undefined;
  /** Of the input: what is still to be done to each channel, x scale + offset. */
  readonly scaled?: { readonly scale: readonly number[]; readonly offset: readonly number[] } | undefined;
  /** Nothing in it is below zero. */
  readonly positive?: boolean;
  /** The softmax of it is meant, which only the end of a classifier may be. */
  readonly softmax?: boolean;
}

/** A layer without its name and where it takes from. */
type Bare<L> = L extends Layer ? Omit<L, "name" | "from" | "block"> : never;

export class Network {
  readonly layers: Layer[] = [];
  readonly tensors = new Map<string, Float32Array>();
  readonly weights: Weights;
  /** How the input was scaled where it first entered a layer. */
  scaled: Value["scaled"] | "not yet" = "not yet";
  readonly #names = new Set<string>([INPUT, "head"]);

  constructor(weights: Weights) {
    this.weights = weights;
  }

  /** Adds a layer named after Keras's own; gives what others call it. */
  add(source: SourceLayer, input: Value, layer: Bare<Layer>, parameters: Readonly<Record<string, Float32Array>> = {}): string {
    const from = this.enter(source, input);
    const name = this.#name(source.name);
    const common = from === (this.layers.at(-1)?.name ?? INPUT) ? { name } : { name, from };
    this.layers.push({ ...layer, ...common } as Layer);
    for (const [part, values] of Object.entries(parameters)) {
      if (!values.every(Number.isFinite)) throw broken(source, "holds weights that are no finite numbers");
      this.tensors.set(`${name}/${part}`, values);
    }
    return name;
  }

  sum(source: SourceLayer, a: Value, b: Value): string {
    const from: [string, string] = [this.enter(source, a), this.enter(source, b)];
    const name = this.#name(source.name);
    this.layers.push({ kind: "add", name, from } satisfies LayerOf<"add">);
    return name;
  }

  /** The layer that a value comes from, if it can be used as it is. */
  enter(source: SourceLayer, { from, padding, scaled, softmax }: Value): string {
    if (softmax === true) throw refuse(source, "takes the output of a softmax");
    if (padding !== undefined) throw refuse(source, "follows zero padding: only a convolution can take that in");
    if (from === INPUT) {
      if (this.scaled !== "not yet" && JSON.stringify(this.scaled) !== JSON.stringify(scaled))
        throw refuse(source, "takes the input as it is, while another layer takes it normalised");
      this.scaled = scaled;
    }
    return from;
  }

  /** Weights whose shapes are as expected. */
  take(
    source: SourceLayer,
    parts: readonly (readonly [names: readonly string[], shape: readonly number[]])[],
    inner?: string,
  ): Float32Array[] {
    const found = this.weights(
      source,
      parts.map(([names]) => names),
      inner,
    );
    return parts.map(([names, shape], index) => {
      const { shape: given, values } = found[index] as NamedTensor;
      if (given.join() !== shape.join())
        throw broken(source, `has a ${names[0]} of ${given.slice(0, 8).join(" x ")} numbers instead of ${shape.join(" x ")}`);
      return values;
    });
  }

  #name(wanted: string): string {
    const cleaned =
      wanted
        .slice(0, 200)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "_")
        .replaceAll(/^[^a-z]+|_+$/g, "")
        .slice(0, 56) || "layer";
    let name = cleaned;
    for (let again = 2; this.#names.has(name); again++) name = `${cleaned}_${again}`;
    this.#names.add(name);
    return name;
  }
}

/** The value in the order that a layer needs; a picture has only one. */
export function inForm(network: Network, source: SourceLayer, value: Value, form: "space" | "steps"): Value {
  if (value.form === form) return value;
  if (value.shape.length !== 2 || value.form === "row") throw refuse(source, "does not fit what comes in");
  const named = { ...source, name: `${source.name}_${form}` };
  return { ...value, from: network.add(named, value, { kind: "transpose" }), form, scaled: undefined, padding: undefined };
}

/** [space, in, out] to [out, in, space]. */
export function kernelFirst(values: Float32Array, space: number, inputs: number, outputs: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let at = 0, s = 0; s < space; s++)
    for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++, at++) result[(o * inputs + i) * space + s] = values[at] as number;
  return result;
}

/** Rows (or single numbers) of a flattened picture from channels last to channels first. */
export function rowsFirst(values: Float32Array, [height, width, channels]: readonly [number, number, number]): Float32Array {
  const [space, each] = [height * width, values.length / (height * width * channels)];
  const result = new Float32Array(values.length);
  for (let s = 0; s < space; s++)
    for (let c = 0; c < channels; c++)
      result.set(values.subarray((s * channels + c) * each, (s * channels + c + 1) * each), (c * space + s) * each);
  return result;
}
