/** Writes the layers of a known architecture, each with the name that its weights have in other people's files. */
import { INPUT, sourcesOf, type Architecture, type Layer, type LayerOf, type Shape } from "../ir/layers.ts";
import { outputShape } from "../ir/shapes.ts";

/** An architecture, and for every layer that has parameters the prefix of its tensors in a PyTorch file. */
export interface NamedArchitecture {
  readonly architecture: Architecture;
  readonly sources: ReadonlyMap<string, string>;
}

interface ConvOptions {
  readonly out: number;
  readonly kernel: readonly number[];
  readonly stride?: number;
  /** "same" as TensorFlow pads; "centred" puts (kernel - 1) / 2 on both sides, as PyTorch's models do; "none" nothing. */
  readonly padding: "same" | "centred" | "none";
  readonly groups?: number;
  readonly bias?: boolean;
}

type Activation = LayerOf<"activation">["function"];

/** Layers are named "l1", "l2", ... in order, the last one "head". A block's name holds for all layers until the next one. */
export class Net {
  readonly #layers: Layer[] = [];
  readonly #sources = new Map<string, string>();
  readonly #shapes: Map<string, Shape>;
  readonly #input: Shape;
  #block: string | undefined;

  constructor(input: Shape) {
    this.#input = input;
    this.#shapes = new Map([[INPUT, input]]);
  }

  /** The layer whose output is taken next. */
  get last(): string {
    return this.#layers.at(-1)?.name ?? INPUT;
  }

  get shape(): Shape {
    return this.#shapes.get(this.last) as Shape;
  }

  block(name: string): void {
    this.#block = name;
  }

  conv(source: string, { out, kernel, stride = 1, padding, groups = 1, bias = false }: ConvOptions, from?: string): string {
    const input = this.#shapes.get(from ?? this.last) as Shape;
    const layer: LayerOf<"conv"> = {
      kind: "conv",
      ...this.#common(source, from),
      in: input[0] as number,
      out,
      kernel: [...kernel],
      stride: kernel.map(() => stride),
      padding: padding === "same" ? "same" : kernel.map((size) => (padding === "centred" ? [(size - 1) >> 1, (size - 1) >> 1] : [0, 0])),
      groups,
      bias,
    };
    return this.#push(layer);
  }

  norm(source: string, epsilon: number): string {
    return this.#push({ kind: "batch-norm", ...this.#common(source), channels: this.shape[0] as number, epsilon });
  }

  activation(name: Activation): string {
    return this.#push({ kind: "activation", ...this.#common(), function: name });
  }

  add(a: string, b: string): string {
    return this.#push({ kind: "add", name: this.#name(), from: [a, b] });
  }

  pool(operation: "max" | "mean", window: readonly number[], stride: readonly number[], padding: LayerOf<"pool">["padding"]): string {
    return this.#push({ kind: "pool", ...this.#common(), operation, window: [...window], stride: [...stride], padding });
  }

  plain(kind: "flatten" | "transpose" | "plane"): string {
    return this.#push({ kind, ...this.#common() });
  }

  globalPool(operation: "max" | "mean" = "mean"): string {
    return this.#push({ kind: "global-pool", ...this.#common(), operation });
  }

  dropout(rate: number): string {
    return this.#push({ kind: "dropout", ...this.#common(), rate });
  }

  dense(source: string, out: number): string {
    return this.#push({ kind: "dense", ...this.#common(source), in: this.shape.at(-1) as number, out });
  }

  gru(source: string, units: number): string {
    return this.#push({ kind: "gru", ...this.#common(source), in: this.shape.at(-1) as number, units });
  }

  /** Ends the network with a dense layer of `outputs` logits. */
  head(source: string, outputs: number): NamedArchitecture {
    const input = this.shape.at(-1) as number;
    this.#layers.push({ kind: "dense", name: "head", in: input, out: outputs });
    this.#sources.set("head", source);
    const architecture: Architecture = { format: "engraft.layers/1", input: [...this.#input], layers: this.#layers, output: "logits" };
    return { architecture, sources: this.#sources };
  }

  #name(): string {
    return `l${this.#layers.length + 1}`;
  }

  #common(source?: string, from?: string): { name: string; from?: string; block?: string } {
    const name = this.#name();
    if (source !== undefined) this.#sources.set(name, source);
    return {
      name,
      ...(from === undefined ? {} : { from }),
      ...(source === undefined || this.#block === undefined ? {} : { block: this.#block }),
    };
  }

  #push(layer: Layer): string {
    this.#layers.push(layer);
    const inputs = sourcesOf(this.#layers, this.#layers.length - 1).map((source) => this.#shapes.get(source) as Shape);
    this.#shapes.set(layer.name, outputShape(layer, inputs));
    return layer.name;
  }
}
