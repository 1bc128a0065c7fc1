/**
 * Networks of inverted residual blocks: MobileNetV2 (Sandler et al. 2018, table 2) and EfficientNet-Lite (Tan and Le 2019, in its
 * "lite" form without squeeze-and-excitation, ReLU6 everywhere). They differ in sizes and in what their layers are called.
 */
import type { Shape } from "../ir/layers.ts";
import { Net, type NamedArchitecture } from "./net.ts";

export interface Stage {
  readonly channels: number;
  readonly repeats: number;
  /** Of the first block. */
  readonly stride: number;
  /** Widening inside a block; 1 has no layer for it. */
  readonly expansion: number;
  readonly kernel: number;
}

/** What the tensors are called in a file. `block` counts over all stages, `stage` and `index` within. */
export interface Names {
  readonly stem: readonly [conv: string, norm: string];
  readonly block: (at: { readonly block: number; readonly stage: number; readonly index: number; readonly expands: boolean }) => {
    readonly expand: readonly [string, string];
    readonly depthwise: readonly [string, string];
    readonly project: readonly [string, string];
  };
  readonly last: readonly [conv: string, norm: string];
  readonly head: string;
}

export interface Family {
  readonly stages: readonly Stage[];
  readonly stem: number;
  readonly last: number;
  readonly names: Names;
  readonly padding: "same" | "centred";
  readonly epsilon: number;
}

/** Channels of a network made wider or narrower: to a multiple of 8, never more than a tenth below. */
export function rounded(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

export function invertedResiduals(
  { stages, stem, last, names, padding, epsilon }: Family,
  input: Shape,
  outputs: number,
): NamedArchitecture {
  const net = new Net(input);
  const conv = (
    [source, norm]: readonly [string, string],
    options: { readonly out: number; readonly kernel: number; readonly stride?: number; readonly groups?: number },
    activated = true,
  ): string => {
    net.conv(source, { ...options, kernel: [options.kernel, options.kernel], padding });
    const normalised = net.norm(norm, epsilon);
    return activated ? net.activation("relu6") : normalised;
  };
  net.block("stem");
  conv(names.stem, { out: stem, kernel: 3, stride: 2 });
  let block = 0;
  for (const [stage, { channels, repeats, stride, expansion, kernel }] of stages.entries()) {
    for (let index = 0; index < repeats; index++, block++) {
      net.block(`block${block + 1}`);
      const before = net.last;
      const width = net.shape[0] as number;
      const called = names.block({ block, stage, index, expands: expansion > 1 });
      if (expansion > 1) conv(called.expand, { out: width * expansion, kernel: 1 });
      conv(called.depthwise, { out: width * expansion, kernel, stride: index === 0 ? stride : 1, groups: width * expansion });
      const projected = conv(called.project, { out: channels, kernel: 1 }, false);
      if (width === channels && (index > 0 || stride === 1)) net.add(projected, before);
    }
  }
  net.block("last");
  conv(names.last, { out: last, kernel: 1 });
  net.globalPool();
  return net.head(names.head, outputs);
}

/** timm's names (pytorch-image-models, efficientnet builder). */
export const TIMM: Names = {
  stem: ["conv_stem", "bn1"],
  block: ({ stage, index, expands }) => {
    const name = `blocks.${stage}.${index}`;
    return expands
      ? {
          expand: [`${name}.conv_pw`, `${name}.bn1`],
          depthwise: [`${name}.conv_dw`, `${name}.bn2`],
          project: [`${name}.conv_pwl`, `${name}.bn3`],
        }
      : { expand: ["", ""], depthwise: [`${name}.conv_dw`, `${name}.bn1`], project: [`${name}.conv_pw`, `${name}.bn2`] };
  },
  last: ["conv_head", "bn2"],
  head: "classifier",
};

/** torchvision's names of MobileNetV2. */
export const TORCHVISION: Names = {
  stem: ["features.0.0", "features.0.1"],
  block: ({ block, expands }) => {
    const name = `features.${block + 1}.conv`;
    return expands
      ? { expand: [`${name}.0.0`, `${name}.0.1`], depthwise: [`${name}.1.0`, `${name}.1.1`], project: [`${name}.2`, `${name}.3`] }
      : { expand: ["", ""], depthwise: [`${name}.0.0`, `${name}.0.1`], project: [`${name}.1`, `${name}.2`] };
  },
  last: ["features.18.0", "features.18.1"],
  head: "classifier.1",
};

/** Names of the package efficientnet-lite-pytorch. */
export const LITE_PYTORCH: Names = {
  stem: ["_conv_stem", "_bn0"],
  block: ({ block }) => {
    const name = `_blocks.${block}`;
    return {
      expand: [`${name}._expand_conv`, `${name}._bn0`],
      depthwise: [`${name}._depthwise_conv`, `${name}._bn1`],
      project: [`${name}._project_conv`, `${name}._bn2`],
    };
  },
  last: ["_conv_head", "_bn1"],
  head: "_fc",
};
