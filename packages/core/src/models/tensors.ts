/** Named tensors and the flat float32 vector that federation works on. Core knows vectors, not layers. */
import type { TensorSpec, TrainablePart } from "./tensor-schemas.ts";

export type { TensorSpec, TrainablePart };

/** Depth of the deepest block that is trained. */
export const deepestOf = (trainable: TrainablePart): number =>
  trainable.part === "head" ? 0 : trainable.part === "last-blocks" ? trainable.blocks : Number.POSITIVE_INFINITY;

/** What becomes of a tensor: it stays as the base has it, it is trained and averaged, or it is trained and stays at its site. */
export type Fate = "frozen" | "shared" | "personal";

export function fateOf(spec: TensorSpec, trainable: TrainablePart): Fate {
  if (spec.depth > deepestOf(trainable)) return "frozen";
  if (spec.role !== undefined && (trainable.norm ?? "frozen") === "frozen") return "frozen";
  if (spec.role !== undefined && trainable.norm === "local") return "personal";
  return spec.depth === 0 && trainable.personal === "head" ? "personal" : "shared";
}

export const sizeOf = (spec: TensorSpec): number => spec.shape.reduce((product, dimension) => product * dimension, 1);

export const totalSize = (specs: readonly TensorSpec[]): number => specs.reduce((sum, spec) => sum + sizeOf(spec), 0);

/** The tensors that are trained and averaged, in the manifest's order; their concatenation is the flat vector that travels. */
export const trainableTensors = (specs: readonly TensorSpec[], trainable: TrainablePart): readonly TensorSpec[] =>
  specs.filter((spec) => fateOf(spec, trainable) === "shared");

/** Everything that a site trains, whether or not it travels. */
export const trainedTensors = (specs: readonly TensorSpec[], trainable: TrainablePart): readonly TensorSpec[] =>
  specs.filter((spec) => fateOf(spec, trainable) !== "frozen");

/** The tensors that a site trains and keeps to itself. */
export const personalTensors = (specs: readonly TensorSpec[], trainable: TrainablePart): readonly TensorSpec[] =>
  specs.filter((spec) => fateOf(spec, trainable) === "personal");

/** Concatenates tensors (by name, each float32 row-major) into one flat vector. Throws RangeError on a wrong size. */
export function flatten(specs: readonly TensorSpec[], tensors: ReadonlyMap<string, Float32Array>): Float32Array {
  const flat = new Float32Array(totalSize(specs));
  let at = 0;
  for (const spec of specs) {
    const values = tensors.get(spec.name);
    if (values?.length !== sizeOf(spec)) throw new RangeError(`tensor ${spec.name}: expected ${sizeOf(spec)} values`);
    flat.set(values, at);
    at += values.length;
  }
  return flat;
}

/** Where each tensor begins in the flat vector, by name. */
export function offsetsOf(specs: readonly TensorSpec[]): ReadonlyMap<string, number> {
  let at = 0;
  return new Map(specs.map((spec) => [spec.name, (at += sizeOf(spec)) - sizeOf(spec)]));
}

/** The reverse of `flatten`; each tensor is a copy. Throws RangeError where the vector has another length. */
export function unflatten(specs: readonly TensorSpec[], flat: Float32Array): ReadonlyMap<string, Float32Array> {
  if (flat.length !== totalSize(specs)) throw new RangeError(`vector: expected ${totalSize(specs)} values, got ${flat.length}`);
  const tensors = new Map<string, Float32Array>();
  let at = 0;
  for (const spec of specs) {
    tensors.set(spec.name, flat.slice(at, at + sizeOf(spec)));
    at += sizeOf(spec);
  }
  return tensors;
}
