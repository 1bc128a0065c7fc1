/** A base from a network of pictures or recordings whose layers are known: its classifier gives way to a head for the label, all else stays. */
import { EngraftError } from "@engraft/core/base/errors";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { kindOf, outputsOf } from "@engraft/core/models/labels";
import { sizeOf } from "@engraft/core/models/tensors";
import type { PublishedNetwork } from "../architectures/known.ts";
import { inputShape, OUTPUT_OF, type Architecture, type Layer } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { referenceFeatures } from "../trunk/encoder.ts";
import { describeBase, fileEntry, TOLERANCE, type Base, type BaseOptions } from "./describe.ts";

/** Throws `bad-input` where the network cannot be a base. */
export async function baseFromLayers(
  { architecture: given, tensors: values }: Pick<PublishedNetwork, "architecture" | "tensors">,
  options: BaseOptions,
): Promise<Base> {
  const architecture = withOwnHead(given, options);
  const specs = tensorsOf(architecture);
  // A head of zeros says the same to everybody: what the pictures show is learnt from the first update on.
  const tensors = new Map(
    specs.map((spec) => [spec.name, spec.depth === 0 ? new Float32Array(sizeOf(spec)) : (values.get(spec.name) as Float32Array)]),
  );
  const entry = fileEntry(options, inputShape(architecture));
  const features = await referenceFeatures(architecture, tensors);
  if (!features.every(Number.isFinite)) throw new EngraftError("bad-input", "The network gives features that are no finite numbers.");
  const weights = writeSafetensors(specs, tensors);
  const reference = { features: [...features], tolerance: TOLERANCE };
  return { manifest: describeBase(options, entry, weights, { architecture, tensors: specs, reference }), weights };
}

function withOwnHead(architecture: Architecture, { label, roots = false }: Pick<BaseOptions, "label" | "roots">): Architecture {
  const last = architecture.layers.at(-1);
  if (last?.kind !== "dense") throw new EngraftError("bad-input", "The network does not end with a classifier that a head could replace.");
  const { from, ...rest } = { ...last, name: "head", out: outputsOf(label) };
  const source = from === undefined ? {} : { from };
  const end: readonly Layer[] = roots
    ? [{ kind: "activation", name: "roots", ...source, function: "signed-root" }, rest]
    : [{ ...rest, ...source }];
  return { ...architecture, layers: [...architecture.layers.slice(0, -1), ...end], output: OUTPUT_OF[kindOf(label)] };
}
