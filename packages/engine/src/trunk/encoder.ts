/**
 * The frozen part of a model as the site runs it: the base's own ONNX file, or the layers in front of the plan's cut made into
 * one. Either way it is run once for each picture or recording, and its features are what is trained upon.
 */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest, Reference, Trunk } from "@engraft/core/models/manifest";
import type { FileInput, Layout } from "../data/file-input.ts";
import { cutFor, trunkOf, type Cut } from "../ir/cut.ts";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import { GRAPH_INPUT, GRAPH_OUTPUT, onnxOf } from "./lower.ts";
import { differsFromReference, referenceInput } from "./reference.ts";
import { openTrunk, startTrunk, usableOnnx, type RunningTrunk } from "./trunk.ts";

export interface Encoder {
  /** 64 hexadecimal digits that change with everything that changes a feature. */
  readonly name: string;
  /** Numbers per sample. */
  readonly width: number;
  readonly layout: Layout;
  readonly input: FileInput;
  /** Undefined where the files' numbers themselves are trained upon: then features are the sample as it is, and nothing is kept. */
  readonly open: (() => Promise<RunningTrunk>) | undefined;
}

/** Changes with the reading of files. */
const PREPROCESSING = "engraft files 2";

/** Of a base that brings its trunk as a file. */
export function encoderFromFile(trunk: Trunk, file: FileInput, bytes: Uint8Array): Encoder {
  const { onnx, input, output } = trunk;
  return {
    name: sha256(canonicalJson({ onnx: onnx.digest, input, output, file, preprocessing: PREPROCESSING })),
    width: trunk.features,
    layout: input.layout,
    input: file,
    open: () => openTrunk(trunk, file.shape, bytes),
  };
}

type Tensors = ReadonlyMap<string, Float32Array>;

/** Of a base whose pictures or recordings enter its layers. */
export function encoderFromLayers(manifest: Manifest, file: FileInput, architecture: Architecture, cut: Cut, tensors: Tensors): Encoder {
  const { weights, architecture: layers } = manifest;
  return {
    name: sha256(canonicalJson({ weights: weights.digest, layers, cut: cut.layers, file, preprocessing: PREPROCESSING })),
    width: sizeOfShape(cut.shape),
    layout: "nchw",
    input: file,
    open: cut.layers === 0 ? undefined : () => runLayers(architecture, cut, tensors),
  };
}

async function runLayers(architecture: Architecture, cut: Cut, tensors: Tensors): Promise<RunningTrunk> {
  const bytes = onnxOf(trunkOf(architecture, cut), tensors);
  return startTrunk(
    bytes,
    usableOnnx(bytes),
    { input: { name: GRAPH_INPUT, layout: "nchw" }, output: { name: GRAPH_OUTPUT, pool: "none" } },
    inputShape(architecture),
  );
}

/** Where a base's reference is taken: right in front of the head. */
const headCut = (architecture: Architecture): Cut => cutFor(architecture, 0);

/** What the layers in front of the head make of the reference input. */
export async function referenceFeatures(architecture: Architecture, tensors: Tensors): Promise<Float32Array> {
  const running = await runLayers(architecture, headCut(architecture), tensors);
  return running.run(referenceInput(running.inputSize), 1).finally(() => running.close());
}

/** Throws `bad-input` where this machine computes something else than the base's author. */
export async function checkLayers(reference: Reference, architecture: Architecture, tensors: Tensors): Promise<void> {
  const features = await referenceFeatures(architecture, tensors);
  const wrong = differsFromReference({ features: sizeOfShape(headCut(architecture).shape), reference }, features);
  if (wrong !== undefined) throw new EngraftError(wrong.code, wrong.text);
}
