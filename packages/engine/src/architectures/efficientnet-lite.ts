/**
 * EfficientNet-Lite0, 1 and 2 (Tan and Le 2019; the "lite" form keeps the widths of stem and last layer and the depths of the first and
 * last stage). The package efficientnet-lite-pytorch and timm's `tf_` models carry TensorFlow's weights, padding and epsilon; timm's
 * others were trained anew with PyTorch's.
 */
import { IMAGENET, type Known } from "./known-architecture.ts";
import { invertedResiduals, rounded, LITE_PYTORCH, TIMM, type Family, type Stage } from "./inverted-residuals.ts";

const STAGES: readonly Stage[] = [
  { channels: 16, repeats: 1, stride: 1, expansion: 1, kernel: 3 },
  { channels: 24, repeats: 2, stride: 2, expansion: 6, kernel: 3 },
  { channels: 40, repeats: 2, stride: 2, expansion: 6, kernel: 5 },
  { channels: 80, repeats: 3, stride: 2, expansion: 6, kernel: 3 },
  { channels: 112, repeats: 3, stride: 1, expansion: 6, kernel: 5 },
  { channels: 192, repeats: 4, stride: 2, expansion: 6, kernel: 5 },
  { channels: 320, repeats: 1, stride: 1, expansion: 6, kernel: 3 },
];

const scaled = (width: number, depth: number): readonly Stage[] =>
  STAGES.map((stage, index) => ({
    ...stage,
    channels: rounded(stage.channels * width),
    repeats: index === 0 || index === STAGES.length - 1 ? stage.repeats : Math.ceil(stage.repeats * depth),
  }));

const LITE = { stem: 32, last: 1280 } as const;
const TENSORFLOW = { padding: "same", epsilon: 1e-3 } as const;

const form = (
  family: Family,
  { mean, sd }: { readonly mean: readonly number[]; readonly sd: readonly number[] },
): Known["forms"][number] => ({
  signature: `${family.names.stem[0]}.weight`,
  build: (input, outputs) => invertedResiduals(family, input, outputs),
  mean,
  sd,
});

const grey = (mean: number, sd: number) => ({ mean: [mean, mean, mean], sd: [sd, sd, sd] });

const lite = (width: number, depth: number, size: number): Known => {
  const family = { ...LITE, stages: scaled(width, depth) };
  return {
    channels: 3,
    size,
    forms: [
      form({ ...family, ...TENSORFLOW, names: LITE_PYTORCH }, grey(127, 128)),
      form({ ...family, padding: "centred", epsilon: 1e-5, names: TIMM }, IMAGENET),
    ],
  };
};

const tensorflowLite = (width: number, depth: number, size: number): Known => ({
  channels: 3,
  size,
  forms: [form({ ...LITE, ...TENSORFLOW, stages: scaled(width, depth), names: TIMM }, grey(127.5, 127.5))],
});

export const efficientnetLite0 = lite(1, 1, 224);
export const efficientnetLite1 = lite(1, 1.1, 240);
export const efficientnetLite2 = lite(1.1, 1.2, 260);
export const tfEfficientnetLite0 = tensorflowLite(1, 1, 224);
export const tfEfficientnetLite1 = tensorflowLite(1, 1.1, 240);
export const tfEfficientnetLite2 = tensorflowLite(1.1, 1.2, 260);
