/** MobileNetV2 at width 1.0 (Sandler et al. 2018, table 2), with torchvision's or timm's names. */
import { IMAGENET, type Known } from "./known-architecture.ts";
import { invertedResiduals, TIMM, TORCHVISION, type Names, type Stage } from "./inverted-residuals.ts";

const STAGES: readonly Stage[] = [
  { channels: 16, repeats: 1, stride: 1, expansion: 1, kernel: 3 },
  { channels: 24, repeats: 2, stride: 2, expansion: 6, kernel: 3 },
  { channels: 32, repeats: 3, stride: 2, expansion: 6, kernel: 3 },
  { channels: 64, repeats: 4, stride: 2, expansion: 6, kernel: 3 },
  { channels: 96, repeats: 3, stride: 1, expansion: 6, kernel: 3 },
  { channels: 160, repeats: 3, stride: 2, expansion: 6, kernel: 3 },
  { channels: 320, repeats: 1, stride: 1, expansion: 6, kernel: 3 },
];

const form = (names: Names): Known["forms"][number] => ({
  signature: `${names.stem[0]}.weight`,
  build: (input, outputs) =>
    invertedResiduals({ stages: STAGES, stem: 32, last: 1280, names, padding: "centred", epsilon: 1e-5 }, input, outputs),
  ...IMAGENET,
});

export const mobilenetV2: Known = { channels: 3, size: 224, forms: [form(TORCHVISION), form(TIMM)] };
