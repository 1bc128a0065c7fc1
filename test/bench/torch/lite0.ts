/** EfficientNet-Lite0 with random weights, built as `base add` builds it from real ones. */
import { ARCHITECTURES } from "@engraft/engine/architectures/known";
import { randomFrom } from "@engraft/engine/base/random";

/** Repeats, kernel, expansion, channels. */
const STAGES = [
  [1, 3, 1, 16],
  [2, 3, 6, 24],
  [2, 5, 6, 40],
  [3, 3, 6, 80],
  [3, 5, 6, 112],
  [4, 5, 6, 192],
  [1, 3, 6, 320],
] as const;

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const product = (shape: readonly number[]): number => shape.reduce((all, each) => all * each, 1);

function randomTensors(): Map<string, Tensor> {
  const random = randomFrom(["bench", "lite0"]);
  const tensors = new Map<string, Tensor>();
  const kernel = (name: string, shape: readonly number[]): void => {
    const bound = Math.sqrt(6 / product(shape.slice(1)));
    tensors.set(name, { shape, values: Float32Array.from({ length: product(shape) }, () => bound * (2 * random.uniform() - 1)) });
  };
  const constant = (name: string, length: number, value: number): void => {
    tensors.set(name, { shape: [length], values: new Float32Array(length).fill(value) });
  };
  const layer = (weights: string, norm: string, out: number, into: number, size: number): void => {
    kernel(`${weights}.weight`, [out, into, size, size]);
    const parts = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
    for (const [part, value] of Object.entries(parts)) constant(`${norm}.${part}`, out, value);
  };
  layer("_conv_stem", "_bn0", 32, 3, 3);
  let [channels, block] = [32, 0];
  for (const [repeats, size, expansion, out] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const [name, wide] = [`_blocks.${block}.`, channels * expansion];
      if (expansion > 1) layer(`${name}_expand_conv`, `${name}_bn0`, wide, channels, 1);
      layer(`${name}_depthwise_conv`, `${name}_bn1`, wide, 1, size);
      layer(`${name}_project_conv`, `${name}_bn2`, out, wide, 1);
      channels = out;
    }
  }
  layer("_conv_head", "_bn1", 1280, channels, 1);
  kernel("_fc.weight", [1000, 1280]);
  constant("_fc.bias", 1000, 0);
  return tensors;
}

/** The ONNX file, and how its base reads pictures. */
export function lite0(size: number) {
  const known = ARCHITECTURES["efficientnet_lite0"];
  if (known === undefined) throw new Error("Bug: EfficientNet-Lite0 is no known architecture");
  return { onnx: known.build(randomTensors(), size), mean: known.mean, sd: known.sd, cut: known.cut };
}
