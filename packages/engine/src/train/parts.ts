/** What a site trains, in two flat vectors: what travels, and what stays at the site. The engine works on both as one. */
import { EngraftError } from "@engraft/core/base/errors";
import { fateOf, flatten, sizeOf, trainedTensors, totalSize, type TensorSpec, type TrainablePart } from "@engraft/core/models/tensors";

export interface Parts {
  /** In the order of the engine's vector. */
  readonly trained: readonly TensorSpec[];
  /** The base's own values. */
  readonly base: { readonly shared: Float32Array; readonly personal: Float32Array };
  /** The engine's vector. Throws `wrong-shape`. */
  join(shared: Float32Array, personal?: Float32Array): Float32Array;
  split(whole: Float32Array): { readonly shared: Float32Array; readonly personal: Float32Array };
}

export function partsOf(specs: readonly TensorSpec[], trainable: TrainablePart, tensors: ReadonlyMap<string, Float32Array>): Parts {
  const trained = trainedTensors(specs, trainable);
  const travels = trained.map((spec) => fateOf(spec, trainable) === "shared");
  const sharedSize = totalSize(trained.filter((_, index) => travels[index]));
  const personalSize = totalSize(trained) - sharedSize;

  const split = (whole: Float32Array) => {
    const [shared, personal] = [new Float32Array(sharedSize), new Float32Array(personalSize)];
    let [at, s, p] = [0, 0, 0];
    trained.forEach((spec, index) => {
      const values = whole.subarray(at, (at += sizeOf(spec)));
      if (travels[index]) shared.set(values, (s += values.length) - values.length);
      else personal.set(values, (p += values.length) - values.length);
    });
    return { shared, personal };
  };
  const base = split(flatten(trained, tensors));
  const join = (shared: Float32Array, personal: Float32Array = base.personal): Float32Array => {
    for (const [given, size] of [
      [shared, sharedSize],
      [personal, personalSize],
    ] as const) {
      if (given.length !== size) throw new EngraftError("wrong-shape", `The vector has ${given.length} values; the plan trains ${size}.`);
    }
    const whole = new Float32Array(sharedSize + personalSize);
    let [at, s, p] = [0, 0, 0];
    trained.forEach((spec, index) => {
      const size = sizeOf(spec);
      whole.set(travels[index] ? shared.subarray(s, (s += size)) : personal.subarray(p, (p += size)), at);
      at += size;
    });
    return whole;
  };
  return { trained, base, join, split };
}
