/** Named tensors of a file that somebody else made: PyTorch in both of its forms, or safetensors. Told apart by their first bytes. */
import { EngraftError } from "@engraft/core/base/errors";
import { isKeras } from "./archive.ts";
import type { NamedTensor } from "./named-tensors.ts";
import { readForeignSafetensors } from "./safetensors.ts";
import { isTorch, readTorch } from "./torch/checkpoint.ts";

// A safetensors file: eight bytes of length, then JSON.
const isSafetensors = (bytes: Uint8Array): boolean => bytes[8] === 0x7b;

/** Numbers with names, and no word of what is computed with them. */
export const isWeights = (bytes: Uint8Array): boolean => !isKeras(bytes) && (isTorch(bytes) || isSafetensors(bytes));

/** Throws `bad-input`. */
export function readNamedTensors(bytes: Uint8Array): ReadonlyMap<string, NamedTensor> {
  if (isKeras(bytes)) throw new EngraftError("bad-input", "This is a Keras file, which holds its architecture: leave out --architecture.");
  if (isTorch(bytes)) return readTorch(bytes);
  if (isSafetensors(bytes)) return readForeignSafetensors(bytes);
  throw new EngraftError(
    "bad-input",
    "This is neither a PyTorch file (.pth, .pt) nor safetensors. Other models can be brought as ONNX files.",
  );
}
