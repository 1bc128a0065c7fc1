/** MobileNetV2 (Sandler et al. 2018, table 2), with torchvision's or timm's names. */
import { IMAGENET, type Known } from "./known-architecture.ts";
import { invertedResiduals, rounded, TIMM, TORCHVISION, type Names, type Stage } from "./inverted-residuals.ts";

const STAGES: readonly Stage[] = [
  { channels: 16, repeats: 1, stride: 1, expansion: 1, kernel: 3 },
  { channels: 24, repeats: 2, stride: 2, expansion: 6, kernel: 3 },
  { channels: 32, repeats: 3, stride: 2, expansion: 6, kernel: 3 },
  { channels: 64, repeats: 4, stride: 2, expansion: 6, kernel: 3 },
  { channels: 96, repeats: 3, stride: 1, expansion: 6, kernel: 3 },
  { channels: 160, repeats: 3, stride: 2, expansion: 6, kernel: 3 },
  { channels: 320, repeats: 1, stride: 1, expansion: 6, kernel: 3 },
];

/** The last layer keeps its width in a narrower network (section 6.1 there). */
const LAST = 1280;

/** `width` is the multiplier on the channels of every layer but the last; at most 1. */
const atWidth = (width: number): Known => {
  const stages = STAGES.map((stage) => ({ ...stage, channels: rounded(stage.channels * width) }));
  const form = (names: Names): Known["forms"][number] => ({
    signature: `${names.stem[0]}.weight`,
    build: (input, outputs) =>
      invertedResiduals({ stages, stem: rounded(32 * width), last: LAST, names, padding: "centred", epsilon: 1e-5 }, input, outputs),
    ...IMAGENET,
  });
  return { channels: 3, size: 224, forms: [form(TORCHVISION), form(TIMM)] };
};

export const mobilenetV2 = atWidth(1);
/** 0.4 million parameters without its head: small enough to be trained from nothing. */
export const mobilenetV2At035 = atWidth(0.35);
