/** A small encoder as an ONNX file, written by our own schema: convolution, ReLU, and a classifier behind it that a cut leaves out. */
import { randomFrom } from "../base/random.ts";
import { FLOAT, INT64, writeOnnx } from "../onnx/file.ts";

export const SIZE = 8;
export const CHANNELS = 6;

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const float = (name: string, dims: readonly number[], values: Float32Array) => ({
  name,
  dims,
  data_type: FLOAT,
  raw_data: bytesOf(values),
});
const ints = (name: string, values: readonly number[]) => ({ name, ints: values, type: 7 });
const value = (name: string, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: FLOAT,
      shape: { dim: dims.map((dim) => (typeof dim === "number" ? { dim_value: dim } : { dim_param: dim })) },
    },
  },
});

/** Each kernel looks for one colour, so that a linear head can tell pictures by it. */
export function encoderGraph() {
  const random = randomFrom(["encoder"]);
  const kernel = Float32Array.from({ length: CHANNELS * 3 * 9 }, () => random.uniform() - 0.5);
  for (let channel = 0; channel < 3; channel++) for (let at = 0; at < 9; at++) kernel[channel * 27 + channel * 9 + at] = 0.3;
  const classes = Float32Array.from({ length: CHANNELS * 10 }, () => random.uniform());
  return {
    name: "encoder",
    node: [
      { op_type: "Conv", input: ["pixels", "kernel"], output: ["convolved"], attribute: [ints("pads", [1, 1, 1, 1])] },
      { op_type: "Relu", input: ["convolved"], output: ["features"] },
      { op_type: "GlobalAveragePool", input: ["features"], output: ["pooled"] },
      { op_type: "Flatten", input: ["pooled"], output: ["flat"] },
      { op_type: "MatMul", input: ["flat", "classes"], output: ["logits"] },
    ],
    initializer: [float("kernel", [CHANNELS, 3, 3, 3], kernel), float("classes", [CHANNELS, 10], classes)],
    input: [value("pixels", ["batch", 3, SIZE, SIZE])],
    output: [value("logits", ["batch", 10])],
  };
}

type Graph = ReturnType<typeof encoderGraph>;

/** The file's bytes; `change` makes it hostile. */
export const encoderFile = (change: (model: { graph: Graph } & Record<string, unknown>) => unknown = (model) => model): Uint8Array =>
  writeOnnx(change({ ir_version: 9, opset_import: [{ domain: "", version: 17 }], graph: encoderGraph() }));

/** A constant of whole numbers, for shapes. */
export const shapeConstant = (name: string, values: readonly number[]) => ({
  name,
  dims: [values.length],
  data_type: INT64,
  int64_data: values,
});
