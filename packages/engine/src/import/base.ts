/** The weights beside a manifest, and the flat vector that federation works on. Pure; loads no engine. */
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { flatten, trainableTensors, unflatten, type TrainablePart } from "@engraft/core/models/tensors";

/**
 * Every tensor of a base, checked: the file's digest, and that it holds exactly the manifest's tensors, all finite.
 * Throws `digest-mismatch` or `bad-input`.
 */
export function readWeights(manifest: Manifest, weights: Uint8Array): ReadonlyMap<string, Float32Array> {
  if (sha256(weights) !== manifest.weights.digest) {
    throw new EngraftError("digest-mismatch", "The weights file is not the one that the manifest names. Fetch it again.");
  }
  const { tensors, header } = readSafetensors(weights);
  const shapes = new Map(header.entries.map((entry) => [entry.name, entry.shape.join("x")]));
  const fits = manifest.tensors.length === tensors.size && manifest.tensors.every((spec) => shapes.get(spec.name) === spec.shape.join("x"));
  if (!fits) throw new EngraftError("bad-input", "The weights file does not hold exactly the tensors that the manifest lists.");
  for (const values of tensors.values()) {
    if (!values.every(Number.isFinite)) throw new EngraftError("bad-input", "The weights file holds values that are no finite numbers.");
  }
  return tensors;
}

/** The trainable values of the base, unchanged: a run's first checkpoint. Throws as `readWeights`. */
export function initialVector(manifest: Manifest, weights: Uint8Array, trainable: TrainablePart): Float32Array {
  return flatten(trainableTensors(manifest.tensors, trainable), readWeights(manifest, weights));
}

/**
 * All tensors of the model that a checkpoint stands for: the base's frozen ones and the trained ones from `vector`.
 * In the manifest's order. Throws as `readWeights`; RangeError where the vector has another length.
 */
export function assembleModel(
  manifest: Manifest,
  weights: Uint8Array,
  vector: Float32Array,
  trainable: TrainablePart,
): ReadonlyMap<string, Float32Array> {
  const trained = unflatten(trainableTensors(manifest.tensors, trainable), vector);
  return new Map([...readWeights(manifest, weights)].map(([name, values]) => [name, trained.get(name) ?? values]));
}
