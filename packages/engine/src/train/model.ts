/**
 * A base model as a plan trains it at a site: what of it is frozen and runs in front, and what is trained behind the cut. A table's
 * columns enter the layers directly; a picture or recording goes through the encoder first.
 */
import { EngraftError } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import { deepestOf } from "@engraft/core/models/tensors";
import type { Plan } from "@engraft/core/models/plan";
import { fileInputOf } from "../data/file-input.ts";
import { inputWidth } from "../data/samples.ts";
import { readWeights } from "../import/base.ts";
import { architectureOf } from "../ir/architecture.ts";
import { cutFor, tailOf } from "../ir/cut.ts";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import type { Encoder } from "../trunk/encoder.ts";

export interface LoadedModel {
  /** Every parameter of the base, by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** The layers behind the cut: what the trainer compiles. */
  readonly tail: Architecture;
  /** Absent for a base that takes columns only. */
  readonly encoder: Encoder | undefined;
}

const brokenInput = (): EngraftError =>
  new EngraftError(
    "bad-input",
    "The base model's input rules do not give as many numbers as its first layer takes. Ask its author for a corrected manifest.",
  );

/** Throws `digest-mismatch` or `bad-input` where the base cannot be used, `blob-missing` where its trunk is not here. */
export async function loadModel(
  manifest: Manifest,
  weights: Uint8Array,
  trunk: Uint8Array | undefined,
  { trainable }: Pick<Plan["training"], "trainable">,
): Promise<LoadedModel> {
  const architecture = architectureOf(manifest);
  const tensors = readWeights(manifest, weights);
  const file = fileInputOf(manifest);
  const entering = sizeOfShape(inputShape(architecture));
  if (file === undefined) {
    if (entering !== inputWidth(manifest)) throw brokenInput();
    return { tensors, tail: architecture, encoder: undefined };
  }
  // Loaded late: most bases take columns only.
  const { checkLayers, encoderFromFile, encoderFromLayers } = await import("../trunk/encoder.ts");
  if (manifest.trunk !== undefined) {
    if (entering !== inputWidth(manifest, manifest.trunk.features)) throw brokenInput();
    if (trunk === undefined)
      throw new EngraftError("blob-missing", "The base model's trunk is not here. It is fetched again with the next ask.");
    return { tensors, tail: architecture, encoder: encoderFromFile(manifest.trunk, file, trunk) };
  }
  if (inputShape(architecture).join() !== file.shape.join() || manifest.reference === undefined) throw brokenInput();
  await checkLayers(manifest.reference, architecture, tensors);
  const cut = cutFor(architecture, deepestOf(trainable));
  return { tensors, tail: tailOf(architecture, cut), encoder: encoderFromLayers(manifest, file, architecture, cut, tensors) };
}
