/** ResNet-18 (He et al. 2016, table 1), with the names that torchvision and timm share. */
import type { Shape } from "../ir/layers.ts";
import { IMAGENET, type Known } from "./known-architecture.ts";
import { Net, type NamedArchitecture } from "./net.ts";

const EPSILON = 1e-5;

function resnet(input: Shape, outputs: number): NamedArchitecture {
  const net = new Net(input);
  const conv = (source: string, norm: string, out: number, kernel: number, stride = 1, from?: string): string => {
    net.conv(source, { out, kernel: [kernel, kernel], stride, padding: "centred" }, from);
    return net.norm(norm, EPSILON);
  };
  net.block("stem");
  conv("conv1", "bn1", 64, 7, 2);
  net.activation("relu");
  net.pool(
    "max",
    [3, 3],
    [2, 2],
    [
      [1, 1],
      [1, 1],
    ],
  );
  for (const [stage, out] of [64, 128, 256, 512].entries()) {
    for (const index of [0, 1]) {
      const name = `layer${stage + 1}.${index}`;
      net.block(`block${2 * stage + index + 1}`);
      const before = net.last;
      const stride = stage > 0 && index === 0 ? 2 : 1;
      conv(`${name}.conv1`, `${name}.bn1`, out, 3, stride);
      net.activation("relu");
      const main = conv(`${name}.conv2`, `${name}.bn2`, out, 3);
      const beside = stride === 1 ? before : conv(`${name}.downsample.0`, `${name}.downsample.1`, out, 1, stride, before);
      net.add(main, beside);
      net.activation("relu");
    }
  }
  net.globalPool();
  return net.head("fc", outputs);
}

export const resnet18: Known = { channels: 3, size: 224, forms: [{ signature: "conv1.weight", build: resnet, ...IMAGENET }] };
