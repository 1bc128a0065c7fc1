/**
 * What an ONNX file may hold. It comes from somebody else and is run at every site, so anything that could read other files,
 * run unknown code, never end, differ from run to run or fill the memory is refused, by name.
 */
import { refuse, type Refusal } from "@engraft/core/base/errors";
import { INT64, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from "../onnx/file.ts";

/** Bytes of a trunk's file. */
export const MAX_TRUNK_BYTES = 1024 * 1024 * 1024;
const MAX_NODES = 50_000;
/** Values in one tensor that the graph makes from a given shape. */
const MAX_VALUES = 2 ** 28;
const MAX_DEPTH = 8;

const DOMAINS = new Set(["", "ai.onnx"]);
const RANDOM = new Set(["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"]);
const LOOPS = new Set(["Loop", "Scan", "SequenceMap"]);
/** Operators that make a tensor of a shape that is one of their inputs, and the index of that input. */
const SHAPED: Readonly<Record<string, number>> = { ConstantOfShape: 0, Expand: 1 };

const no = (what: string): Refusal => refuse("bad-input", `The ONNX file cannot be used: ${what}`);

/** Undefined where nothing speaks against it. */
export function checkOnnx(model: OnnxModel, bytes: number): Refusal | undefined {
  if (bytes > MAX_TRUNK_BYTES) return no(`it has more than ${MAX_TRUNK_BYTES / 2 ** 20} MiB.`);
  const foreign = model.opset_import.find(({ domain }) => !DOMAINS.has(domain));
  if (foreign !== undefined) return no(`it needs operators of "${foreign.domain}". Export it with standard operators only.`);
  if (model.functions.length > 0) return no("it defines operators of its own. Export it with standard operators only.");
  if (model.training_info.length > 0) return no("it holds a training graph. Export it for inference.");
  return checkGraph(model.graph, 0) ?? checkEnds(model.graph);
}

function checkEnds({ input, output, initializer }: OnnxGraph): Refusal | undefined {
  const constants = new Set(initializer.map(({ name }) => name));
  const inputs = input.filter(({ name }) => !constants.has(name));
  if (inputs.length !== 1) return no(`it has ${inputs.length} inputs; a trunk has one.`);
  if (output.length === 0) return no("it has no output.");
  const dims = inputs[0]?.type?.tensor_type?.shape?.dim ?? [];
  const open = dims.slice(1).findIndex(({ dim_value }) => dim_value <= 0);
  if ((dims.length !== 4 && dims.length !== 3) || open >= 0) {
    return no(
      "its input is no picture or recording of one fixed size: it needs four dimensions or three, of which only the first may be open.",
    );
  }
  return undefined;
}

function checkGraph(graph: OnnxGraph, depth: number): Refusal | undefined {
  if (depth > MAX_DEPTH) return no("its graphs are nested too deeply.");
  if (graph.node.length > MAX_NODES) return no(`it has more than ${MAX_NODES} operators.`);
  if (graph.sparse_initializer.length > 0) return no("it holds sparse tensors. Export it with dense ones.");
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const tensor of graph.initializer) {
    const found = checkTensor(tensor);
    if (found !== undefined) return found;
  }
  for (const node of graph.node) {
    const found = checkNode(node, constants, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

function checkNode(node: OnnxNode, constants: Map<string, OnnxTensor>, depth: number): Refusal | undefined {
  const { op_type: kind } = node;
  if (!DOMAINS.has(node.domain)) return no(`it uses "${node.domain}.${kind}". Export it with standard operators only.`);
  if (RANDOM.has(kind)) return no(`it draws random numbers (${kind}): the same picture would not always give the same features.`);
  if (LOOPS.has(kind)) return no(`it loops (${kind}), and might never end.`);
  for (const attribute of node.attribute) {
    if (attribute.sparse_tensor !== null || attribute.sparse_tensors.length > 0)
      return no("it holds sparse tensors. Export it with dense ones.");
    for (const tensor of [...(attribute.t === null ? [] : [attribute.t]), ...attribute.tensors]) {
      const found = checkTensor(tensor);
      if (found !== undefined) return found;
      if (kind === "Constant") constants.set(node.output[0] ?? "", tensor);
    }
    for (const graph of [...(attribute.g === null ? [] : [attribute.g]), ...attribute.graphs]) {
      const found = checkGraph(graph, depth + 1);
      if (found !== undefined) return found;
    }
  }
  const shape = constants.get(node.input[SHAPED[kind] ?? -1] ?? "");
  if (shape !== undefined && valuesOf(shape).reduce((product, dimension) => product * Math.abs(dimension), 1) > MAX_VALUES) {
    return no(`it makes a tensor of more than ${MAX_VALUES} values (${kind}).`);
  }
  return undefined;
}

function checkTensor({ name, dims, data_location, external_data }: OnnxTensor): Refusal | undefined {
  if (data_location !== 0 || external_data.length > 0) {
    return no(`its constant "${name.slice(0, 80)}" lies in another file. Save the model as one file.`);
  }
  const values = dims.reduce((product, dimension) => product * dimension, 1);
  return dims.some((dimension) => dimension < 0) || values > MAX_VALUES
    ? no(`its constant "${name.slice(0, 80)}" is too large.`)
    : undefined;
}

/** Whole numbers of a small constant; none of another type. */
function valuesOf({ data_type, int64_data, raw_data }: OnnxTensor): readonly number[] {
  if (data_type !== INT64) return [];
  if (int64_data.length > 0) return int64_data;
  const view = new DataView(raw_data.buffer, raw_data.byteOffset, raw_data.byteLength);
  return Array.from({ length: Math.min(16, raw_data.byteLength >> 3) }, (_, index) => Number(view.getBigInt64(8 * index, true)));
}
