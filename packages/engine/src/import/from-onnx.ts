/** A base from any ONNX encoder: the encoder becomes the frozen trunk, cut at a named tensor, and a new head is put on it. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { kindOf, outputsOf, type Label } from "@engraft/core/models/labels";
import type { Trunk } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf } from "@engraft/core/models/tensors";
import { OUTPUT_OF, type Architecture, type Shape } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { FLOAT, writeOnnx, type OnnxGraph, type OnnxModel, type OnnxNode } from "../onnx/file.ts";
import { referenceInput } from "../trunk/reference.ts";
import { startTrunk, usableOnnx } from "../trunk/trunk.ts";
import { describeBase, fileEntry, TOLERANCE, type Base, type BaseOptions } from "./describe.ts";

export interface FromOnnxOptions extends BaseOptions {
  readonly layout: Trunk["input"]["layout"];
  /** The tensor at which the graph is cut; its first output by default. */
  readonly cut: string | undefined;
  readonly pool: Trunk["output"]["pool"];
}

/** Throws `bad-input` where the file cannot be a trunk. */
export async function baseFromOnnx(bytes: Uint8Array, options: FromOnnxOptions): Promise<Required<Base>> {
  const whole = usableOnnx(bytes);
  const output = options.cut ?? whole.graph.output[0]?.name ?? "";
  const model = cutAt(whole, output);
  const trunk = writeOnnx(model);
  const input = { name: inputOf(model.graph).name, layout: options.layout };
  const shape = sampleShape(model.graph, options);
  const entry = fileEntry(options, shape);
  const running = await startTrunk(trunk, model, { input, output: { name: output, pool: options.pool } }, shape);
  const features = await running.run(referenceInput(running.inputSize), 1).finally(() => running.close());
  if (!features.every(Number.isFinite)) throw new EngraftError("bad-input", "The graph gives features that are no finite numbers.");
  const architecture = headOn(features.length, options.label);
  const specs = tensorsOf(architecture);
  // A head of zeros says the same to everybody: what the pictures show is learnt from the first update on.
  const weights = writeSafetensors(specs, new Map(specs.map((spec) => [spec.name, new Float32Array(sizeOf(spec))])));
  const manifest = describeBase(options, entry, weights, {
    trunk: {
      onnx: { digest: sha256(trunk), bytes: trunk.byteLength },
      input,
      output: { name: output, pool: options.pool },
      features: features.length,
      reference: { features: [...features], tolerance: TOLERANCE },
    },
    architecture,
    tensors: specs,
  });
  return { manifest, weights, trunk };
}

const headOn = (features: number, label: Label): Architecture => ({
  format: "engraft.layers/1",
  input: features,
  layers: [{ kind: "dense", name: "head", in: features, out: outputsOf(label) }],
  output: OUTPUT_OF[kindOf(label)],
});

function inputOf({ input, initializer }: OnnxGraph) {
  const constants = new Set(initializer.map(({ name }) => name));
  const found = input.find(({ name }) => !constants.has(name));
  if (found === undefined) throw new EngraftError("bad-input", "The graph has no input.");
  return found;
}

/** Channels first. Throws `bad-input` where it is neither of a picture nor of a recording. */
function sampleShape(graph: OnnxGraph, { layout }: FromOnnxOptions): Shape {
  const dims = inputOf(graph).type?.tensor_type?.shape?.dim.map(({ dim_value }) => dim_value) ?? [];
  const [, ...sample] = dims;
  if (sample.length !== 2 && sample.length !== 3)
    throw new EngraftError(
      "bad-input",
      `The input has ${dims.length} dimensions; that of pictures has 4 and that of recordings 3, samples first.`,
    );
  if (sample.includes(0))
    throw new EngraftError("bad-input", "The input leaves its size open. Export the model with fixed sizes but for the batch.");
  const shape = layout === "nchw" ? sample : [sample.at(-1) as number, ...sample.slice(0, -1)];
  if (shape.length === 3 && shape[0] !== 1 && shape[0] !== 3) {
    const other = layout === "nchw" ? "nhwc" : "nchw";
    throw new EngraftError(
      "bad-input",
      `The input has ${shape[0]} channels; a picture has 1 or 3. If its shape ${sample.join(" x ")} is meant the other way round, say --layout ${other}.`,
    );
  }
  return shape;
}

/** The part of a graph that a tensor depends on, with that tensor as its only output. Throws `bad-input` where nothing makes it. */
function cutAt(model: OnnxModel, output: string): OnnxModel {
  const { graph } = model;
  const makerOf = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  if (!makerOf.has(output)) {
    const known = [...makerOf.keys()].slice(-8).join(", ");
    throw new EngraftError("bad-input", `No operator makes the tensor "${output}". The last ones of the graph are: ${known}.`);
  }
  const needed = new Set<OnnxNode>();
  const names = new Set<string>();
  const left = [output];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    const maker = makerOf.get(name);
    if (maker === undefined || needed.has(maker)) continue;
    needed.add(maker);
    left.push(...maker.input, ...outerNames(maker));
  }
  const type = { tensor_type: { elem_type: FLOAT, shape: null } };
  return {
    ...model,
    graph: {
      ...graph,
      node: graph.node.filter((node) => needed.has(node)),
      initializer: graph.initializer.filter(({ name }) => names.has(name)),
      value_info: graph.value_info.filter(({ name }) => names.has(name) && name !== output),
      output: [graph.output.find(({ name }) => name === output) ?? { name: output, type }],
    },
  };
}

/** What the graphs inside a node (branches of If) take from outside. */
const outerNames = (node: OnnxNode): readonly string[] =>
  node.attribute
    .flatMap(({ g, graphs }) => [...(g === null ? [] : [g]), ...graphs])
    .flatMap((graph) => graph.node.flatMap((inner) => [...inner.input, ...outerNames(inner)]));
