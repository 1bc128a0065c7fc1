/** Writes the operators of convolutional networks into an ONNX graph, batch normalisation folded into the convolutions. */
import { EngraftError } from "@engraft/core/base/errors";
import type { TorchTensor } from "../import/torch/checkpoint.ts";
import { FLOAT, writeOnnx } from "../trunk/onnx-file.ts";

export interface Conv {
  /** Name of the weights, without ".weight". */
  readonly weights: string;
  /** Name of the batch normalisation behind it. */
  readonly norm: string;
  readonly stride?: number;
  readonly groups?: number;
  readonly activation: "relu6" | "relu" | "none";
  /** "same" pads as TensorFlow does (more at the end); a number pads that much on every side. */
  readonly pad: "same" | number;
  readonly epsilon: number;
}

const INT_ATTRIBUTE = 2;
const TEXT_ATTRIBUTE = 3;
const INTS_ATTRIBUTE = 7;

export class OnnxBuilder {
  readonly #tensors: ReadonlyMap<string, TorchTensor>;
  readonly #nodes: object[] = [];
  readonly #constants: object[] = [];
  readonly #used = new Set<string>();
  #names = 0;

  constructor(tensors: ReadonlyMap<string, TorchTensor>) {
    this.#tensors = tensors;
    this.#constant("zero", [], Float32Array.of(0));
    this.#constant("six", [], Float32Array.of(6));
  }

  /** Throws `bad-input` where the file has no such tensor, or one of another shape. */
  tensor(name: string, dims: number): TorchTensor {
    const found = this.#tensors.get(name);
    this.#used.add(name);
    if (found?.shape.length === dims) return found;
    throw new EngraftError(
      "bad-input",
      found === undefined
        ? `The file has no tensor "${name}": it is of another architecture.`
        : `The tensor "${name}" has the shape ${found.shape.join(" x ")}: the file is of another architecture.`,
    );
  }

  conv(input: string, { weights, norm, stride = 1, groups = 1, activation, pad, epsilon }: Conv): string {
    const kernel = this.tensor(`${weights}.weight`, 4);
    const folded = this.#fold(kernel, norm, epsilon);
    this.#constant(`${weights}.weight`, kernel.shape, folded.kernel);
    this.#constant(`${weights}.bias`, [folded.bias.length], folded.bias);
    const padding =
      pad === "same"
        ? { name: "auto_pad", s: Buffer.from("SAME_UPPER"), type: TEXT_ATTRIBUTE }
        : { name: "pads", ints: [pad, pad, pad, pad], type: INTS_ATTRIBUTE };
    const convolved = this.node(
      "Conv",
      [input, `${weights}.weight`, `${weights}.bias`],
      [padding, { name: "strides", ints: [stride, stride], type: INTS_ATTRIBUTE }, { name: "group", i: groups, type: INT_ATTRIBUTE }],
    );
    if (activation === "none") return convolved;
    return activation === "relu" ? this.node("Relu", [convolved]) : this.node("Clip", [convolved, "zero", "six"]);
  }

  /** y = x W^T + b, as PyTorch's Linear has it. */
  linear(input: string, weights: string, output: string): string {
    const kernel = this.tensor(`${weights}.weight`, 2);
    const bias = this.tensor(`${weights}.bias`, 1);
    this.#constant(`${weights}.weight`, kernel.shape, kernel.values);
    this.#constant(`${weights}.bias`, bias.shape, bias.values);
    return this.node("Gemm", [input, `${weights}.weight`, `${weights}.bias`], [{ name: "transB", i: 1, type: INT_ATTRIBUTE }], output);
  }

  node(op_type: string, input: readonly string[], attribute: readonly object[] = [], output = `t${++this.#names}`): string {
    this.#nodes.push({ op_type, input, output: [output], attribute });
    return output;
  }

  /** The file. `unused` names what may be left over; throws `bad-input` for anything else that no layer has asked for. */
  file(
    input: { readonly name: string; readonly channels: number; readonly size: number },
    outputs: readonly { readonly name: string; readonly width: number }[],
    unused: RegExp,
  ): Uint8Array {
    const left = [...this.#tensors.keys()].find((name) => !this.#used.has(name) && !unused.test(name));
    if (left !== undefined) throw new EngraftError("bad-input", `The file's tensor "${left}" has no place: it is of another architecture.`);
    const value = (name: string, dims: readonly number[]) => ({
      name,
      type: { tensor_type: { elem_type: FLOAT, shape: { dim: [{ dim_param: "batch" }, ...dims.map((dim_value) => ({ dim_value }))] } } },
    });
    return writeOnnx({
      ir_version: 8,
      producer_name: "engraft",
      opset_import: [{ domain: "", version: 17 }],
      graph: {
        name: "model",
        node: this.#nodes,
        initializer: this.#constants,
        input: [value(input.name, [input.channels, input.size, input.size])],
        output: outputs.map(({ name, width }) => value(name, [width])),
      },
    });
  }

  /** gamma (x - mean) / sqrt(var + epsilon) + beta, folded into the kernel and a bias. */
  #fold({ shape, values }: TorchTensor, norm: string, epsilon: number): { readonly kernel: Float32Array; readonly bias: Float32Array } {
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => this.tensor(`${norm}.${part}`, 1).values,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const outputs = shape[0] as number;
    if ([gamma, beta, mean, variance].some((part) => part.length !== outputs)) {
      throw new EngraftError("bad-input", `The normalisation "${norm}" does not fit its convolution: the file is of another architecture.`);
    }
    const each = values.length / outputs;
    const kernel = new Float32Array(values.length);
    const bias = new Float32Array(outputs);
    for (let output = 0; output < outputs; output++) {
      const scale = (gamma[output] as number) / Math.sqrt((variance[output] as number) + epsilon);
      bias[output] = (beta[output] as number) - scale * (mean[output] as number);
      for (let at = output * each; at < (output + 1) * each; at++) kernel[at] = scale * (values[at] as number);
    }
    return { kernel, bias };
  }

  #constant(name: string, dims: readonly number[], values: Float32Array): void {
    this.#constants.push({ name, dims, data_type: FLOAT, raw_data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
  }
}
