/**
 * EfficientNet-Lite0 (Tan and Le 2019, in its "lite" form without squeeze-and-excitation, ReLU6 everywhere), with the names of the
 * package efficientnet-lite-pytorch. Its input is (value - 127) / 128 of each channel.
 */
import type { TorchTensor } from "../import/torch/checkpoint.ts";
import { OnnxBuilder, type Conv } from "./onnx-builder.ts";

/** Repeats, kernel, stride of the first, expansion. Channel counts follow from the weights. */
const STAGES = [
  { repeats: 1, stride: 1, expands: false },
  { repeats: 2, stride: 2, expands: true },
  { repeats: 2, stride: 2, expands: true },
  { repeats: 3, stride: 2, expands: true },
  { repeats: 3, stride: 1, expands: true },
  { repeats: 4, stride: 2, expands: true },
  { repeats: 1, stride: 1, expands: true },
] as const;

export const PREPROCESSING = { mean: [127, 127, 127], sd: [128, 128, 128] } as const;

/** ONNX file with the outputs `features` [N, 1280] and `logits` [N, 1000], for pictures of `size` pixels. Throws `bad-input`. */
export function efficientnetLite0(tensors: ReadonlyMap<string, TorchTensor>, size: number): Uint8Array {
  const builder = new OnnxBuilder(tensors);
  const conv = (input: string, weights: string, norm: string, more: Partial<Conv> = {}): string =>
    builder.conv(input, { weights, norm, activation: "relu6", pad: "same", epsilon: 1e-3, ...more });
  let x = conv("pixels", "_conv_stem", "_bn0", { stride: 2 });
  let block = 0;
  for (const { repeats, stride, expands } of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const name = `_blocks.${block}`;
      const before = x;
      if (expands) x = conv(x, `${name}._expand_conv`, `${name}._bn0`);
      const groups = builder.tensor(`${name}._depthwise_conv.weight`, 4).shape[0] as number;
      x = conv(x, `${name}._depthwise_conv`, `${name}._bn1`, { groups, stride: repeat === 0 ? stride : 1 });
      x = conv(x, `${name}._project_conv`, `${name}._bn2`, { activation: "none" });
      if (repeat > 0) x = builder.node("Add", [x, before]);
    }
  }
  x = conv(x, "_conv_head", "_bn1");
  const features = builder.node("Flatten", [builder.node("GlobalAveragePool", [x])], [], "features");
  builder.linear(features, "_fc", "logits");
  const outputs = [
    { name: "features", width: builder.tensor("_fc.weight", 2).shape[1] as number },
    { name: "logits", width: builder.tensor("_fc.weight", 2).shape[0] as number },
  ];
  return builder.file({ name: "pixels", channels: 3, size }, outputs, /\.num_batches_tracked$/);
}
