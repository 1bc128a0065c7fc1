/** Architectures that Engraft can build from weights alone. Adding one is one more file and one more line here. */
import { EngraftError } from "@engraft/core/base/errors";
import { readTorch, type TorchTensor } from "../import/torch/checkpoint.ts";
import { efficientnetLite0, PREPROCESSING } from "./efficientnet-lite0.ts";

interface Architecture {
  /** ONNX file from named tensors, for square pictures of `size` pixels. */
  readonly build: (tensors: ReadonlyMap<string, TorchTensor>, size: number) => Uint8Array;
  readonly mean: readonly number[];
  readonly sd: readonly number[];
  /** The tensor in front of the classifier. */
  readonly cut: string;
}

export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  efficientnet_lite0: { build: efficientnetLite0, mean: PREPROCESSING.mean, sd: PREPROCESSING.sd, cut: "features" },
};

/** From a PyTorch file. Throws `bad-input`. */
export function knownArchitecture(
  name: string,
  weights: Uint8Array,
  size: number,
): Omit<Architecture, "build"> & { readonly onnx: Uint8Array } {
  const found = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (found === undefined) {
    const known = Object.keys(ARCHITECTURES).join(", ");
    throw new EngraftError(
      "bad-input",
      `There is no architecture "${name}". There are: ${known}. Any other model can be brought as an ONNX file.`,
    );
  }
  if (!Number.isInteger(size) || size < 32 || size > 1024) throw new EngraftError("bad-input", "--size takes pixels from 32 to 1024.");
  const { build, mean, sd, cut } = found;
  return { onnx: build(readTorch(weights), size), mean, sd, cut };
}
