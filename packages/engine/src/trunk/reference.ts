/** The input that every site runs after loading a trunk, and whether its features are those of the author. */
import { refuse, type Refusal } from "@engraft/core/base/errors";
import type { Trunk } from "@engraft/core/models/manifest";
import { randomFrom } from "../base/random.ts";

/** Made, not stored: uniform numbers from -1 to 1, the same everywhere. */
export function referenceInput(size: number): Float32Array {
  const random = randomFrom(["engraft reference input", size]);
  return Float32Array.from({ length: size }, () => 2 * random.uniform() - 1);
}

/** Undefined where they agree. Processors differ in the last digits, so a little is allowed; a wrong file is far off. */
export function differsFromReference(
  { features: width, reference }: Pick<Trunk, "features" | "reference">,
  features: Float32Array,
): Refusal | undefined {
  const no = (what: string) =>
    refuse(
      "bad-input",
      `The base model does not compute here what it did at its author's: ${what}. Fetch it again; if that does not help, this machine's ONNX Runtime cannot run it.`,
    );
  if (features.length !== width || reference.features.length !== width) {
    return no(`it gives ${features.length} features for the reference input instead of ${width}`);
  }
  const off = features.findIndex((value, index) => {
    const expected = reference.features[index] as number;
    return !(Math.abs(value - expected) <= reference.tolerance * (1 + Math.abs(expected)));
  });
  return off < 0 ? undefined : no(`feature ${off + 1} of the reference input differs`);
}
