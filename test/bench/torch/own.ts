/** Networks that Engraft has layers for, with random weights: their frozen part as a site runs it. */
import { initialTensors, untrained } from "@engraft/engine/architectures/untrained";
import { cutFor, trunkOf } from "@engraft/engine/ir/cut";
import { onnxOf } from "@engraft/engine/trunk/lower";

/** For pictures of `size` pixels. */
export function randomNetwork(name: "efficientnet_lite0" | "mobilenet_v2", size: number) {
  const architecture = untrained(name, [3, size, size]);
  return { architecture, tensors: initialTensors(architecture, 1) };
}

/** All in front of the head, as an ONNX file. */
export function frozenPart({ architecture, tensors }: ReturnType<typeof randomNetwork>): Uint8Array {
  return onnxOf(trunkOf(architecture, cutFor(architecture, 0)), tensors);
}
