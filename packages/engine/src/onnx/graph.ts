/** Nodes and constants of an ONNX graph while it is being written. */
import type { Shape } from "../ir/layers.ts";
import { FLOAT, INT64, writeOnnx } from "./file.ts";

export const attribute = {
  int: (name: string, i: number) => ({ name, i, type: 2 }),
  float: (name: string, f: number) => ({ name, f, type: 1 }),
  text: (name: string, s: string) => ({ name, s: new TextEncoder().encode(s), type: 3 }),
  graph: (name: string, g: object) => ({ name, g, type: 5 }),
  floats: (name: string, floats: readonly number[]) => ({ name, floats, type: 6 }),
  ints: (name: string, ints: readonly number[]) => ({ name, ints, type: 7 }),
  texts: (name: string, texts: readonly string[]) => ({ name, strings: texts.map((text) => new TextEncoder().encode(text)), type: 8 }),
};

/** A dimension is a number, or a name where it is left open. */
export interface GraphValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
  /** FLOAT where absent. */
  readonly type?: number;
}

export const valueInfo = ({ name, dims, type = FLOAT }: GraphValue) => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: { dim: dims.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: size })) },
    },
  },
});

export class Graph {
  readonly nodes: object[] = [];
  readonly constants: object[] = [];
  readonly #scalars = new Map<string, string>();
  readonly #prefix: string;
  #made = 0;

  /** Names within an inner graph must differ from those of the outer one: give it a prefix of its own. */
  constructor(prefix = "t") {
    this.#prefix = prefix;
  }

  /** Adds a node and gives the name of its first output that has one. `domain` is that of ai.onnx where absent. */
  node(
    operator: string,
    input: readonly string[],
    attributes: readonly object[] = [],
    output: readonly string[] = [this.fresh()],
    domain = "",
  ): string {
    this.nodes.push({ op_type: operator, input, output, attribute: attributes, domain });
    return output.find((name) => name !== "") as string;
  }

  fresh(): string {
    return `${this.#prefix}${++this.#made}`;
  }

  floats(values: Float32Array, dims: Shape): string {
    const name = this.fresh();
    this.constants.push({ name, dims, data_type: FLOAT, raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
    return name;
  }

  integers(values: readonly number[], dims: Shape = [values.length]): string {
    const name = this.fresh();
    this.constants.push({ name, dims, data_type: INT64, int64_data: values });
    return name;
  }

  /** A number without dimensions; equal numbers are one constant. */
  scalar(value: number): string {
    const key = Object.is(value, -0) ? "-0" : String(value);
    const made = this.#scalars.get(key) ?? this.floats(Float32Array.of(value), []);
    this.#scalars.set(key, made);
    return made;
  }

  /** The graph itself, for a file or as an attribute of a node. */
  body(name: string, inputs: readonly GraphValue[], outputs: readonly GraphValue[]): object {
    return { name, node: this.nodes, initializer: this.constants, input: inputs.map(valueInfo), output: outputs.map(valueInfo) };
  }
}

/** Operator sets of other domains that a file asks for, by name. */
export type OtherDomains = Readonly<Record<string, number>>;

/** Version of ai.onnx that every file asks for. */
export const OPERATOR_SET = 17;

/** What a file says of itself beside its graph: a text for people, and entries of its `metadata_props`. */
export interface OnnxWords {
  readonly text: string;
  readonly entries: Readonly<Record<string, string>>;
}

/** The file's bytes: operator set 17 of ai.onnx. */
export const onnxFile = (body: object, domains: OtherDomains = {}, { text, entries }: OnnxWords = { text: "", entries: {} }): Uint8Array =>
  writeOnnx({
    ir_version: 8,
    producer_name: "engraft",
    doc_string: text,
    metadata_props: Object.entries(entries).map(([key, value]) => ({ key, value })),
    opset_import: [{ domain: "", version: OPERATOR_SET }, ...Object.entries(domains).map(([domain, version]) => ({ domain, version }))],
    graph: body,
  });
