/** A base from any ONNX encoder: the encoder becomes the frozen trunk, cut at a named tensor, and a new head is put on it. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { BinaryLabel, Split } from "@engraft/core/models/fields";
import { Manifest, type Trunk } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { sizeOf } from "@engraft/core/models/tensors";
import type { ImageRule } from "../data/pictures.ts";
import type { Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { FLOAT, writeOnnx, type OnnxGraph, type OnnxModel, type OnnxNode } from "../trunk/onnx-file.ts";
import { referenceInput } from "../trunk/reference.ts";
import { startTrunk, usableOnnx } from "../trunk/trunk.ts";

export interface FromOnnxOptions {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly licence: string;
  readonly origin: string;
  /** Name and title of the field whose column names the picture's file. */
  readonly field: { readonly name: string; readonly title: string };
  /** Mean and standard deviation of each channel, of values from 0 to 255. */
  readonly mean: readonly number[];
  readonly sd: readonly number[];
  readonly layout: Trunk["input"]["layout"];
  /** The tensor at which the graph is cut; its first output by default. */
  readonly cut: string | undefined;
  readonly pool: Trunk["output"]["pool"];
  readonly label: BinaryLabel;
  readonly split: Split | null;
}

export interface Base {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  readonly trunk: Uint8Array;
}

/** Room for what two processors do differently. */
const TOLERANCE = 1e-3;

/** Throws `bad-input` where the file cannot be a trunk. */
export async function baseFromOnnx(bytes: Uint8Array, options: FromOnnxOptions): Promise<Base> {
  const whole = usableOnnx(bytes);
  const output = options.cut ?? whole.graph.output[0]?.name ?? "";
  const model = cutAt(whole, output);
  const trunk = writeOnnx(model);
  const input = { name: inputOf(model.graph).name, layout: options.layout };
  const rule = imageRule(model.graph, options);
  const running = await startTrunk(trunk, model, { input, output: { name: output, pool: options.pool } }, rule);
  const features = await running.run(referenceInput(running.inputSize), 1).finally(() => running.close());
  if (!features.every(Number.isFinite)) throw new EngraftError("bad-input", "The graph gives features that are no finite numbers.");
  const architecture = headOn(features.length);
  const specs = tensorsOf(architecture);
  // A head of zeros says "one half" to everybody: what the pictures show is learnt from the first update on.
  const weights = writeSafetensors(specs, new Map(specs.map((spec) => [spec.name, new Float32Array(sizeOf(spec))])));
  const { name, version, title, description, licence, origin, label, split, field } = options;
  const manifest = Manifest.safeParse({
    format: "engraft.base/1",
    name,
    version,
    title,
    description,
    licence,
    origin,
    label,
    split,
    fields: [{ kind: "image", ...field }],
    inputs: [rule],
    trunk: {
      onnx: { digest: sha256(trunk), bytes: trunk.byteLength },
      input,
      output: { name: output, pool: options.pool },
      features: features.length,
      reference: { features: [...features], tolerance: TOLERANCE },
    },
    architecture,
    tensors: specs,
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  });
  if (manifest.success) return { manifest: manifest.data, weights, trunk };
  const problems = manifest.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new EngraftError("bad-input", `The base cannot be described: ${problems.join("; ")}.`);
}

const headOn = (features: number): Architecture => ({
  format: "engraft.layers/1",
  input: features,
  layers: [{ kind: "dense", name: "head", in: features, out: 1 }],
  output: "binary-logit",
});

function inputOf({ input, initializer }: OnnxGraph) {
  const constants = new Set(initializer.map(({ name }) => name));
  const found = input.find(({ name }) => !constants.has(name));
  if (found === undefined) throw new EngraftError("bad-input", "The graph has no input.");
  return found;
}

function imageRule(graph: OnnxGraph, { layout, field, mean, sd }: FromOnnxOptions): ImageRule {
  const dims = inputOf(graph).type?.tensor_type?.shape?.dim.map(({ dim_value }) => dim_value) ?? [];
  const [, a = 0, b = 0, c = 0] = dims;
  const [channels, height, width] = layout === "nchw" ? [a, b, c] : [c, a, b];
  if (channels !== 1 && channels !== 3) {
    const other = layout === "nchw" ? "nhwc" : "nchw";
    throw new EngraftError(
      "bad-input",
      `The input has ${channels} channels; a picture has 1 or 3. If its shape ${dims.slice(1).join(" x ")} is meant the other way round, say --layout ${other}.`,
    );
  }
  if (mean.length !== channels || sd.length !== channels) {
    throw new EngraftError("bad-input", `The picture has ${channels} channel(s): give as many values with --mean and --sd.`);
  }
  return { kind: "image", field: field.name, width, height, channels, mean: [...mean], sd: [...sd] };
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
