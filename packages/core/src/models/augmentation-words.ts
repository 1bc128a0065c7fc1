/** Changed copies of training samples, in plain words. */
import type { Augmentation } from "./augmentation.ts";

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** What is done, for those who approve it. */
export function augmentationInWords(augmentation: Augmentation): string {
  const { copies } = augmentation;
  const what =
    augmentation.of === "pictures"
      ? [
          ...(augmentation.flip ? ["mirrored by chance"] : []),
          ...(augmentation.rotate > 0 ? [`turned by up to ${augmentation.rotate} degrees`] : []),
          ...(augmentation.brightness > 0 ? [`brighter or darker by up to ${percent(augmentation.brightness)}`] : []),
        ]
      : [
          ...(augmentation.scale > 0 ? [`larger or smaller by up to ${percent(augmentation.scale)}`] : []),
          ...(augmentation.shift > 0 ? [`moved by up to ${percent(augmentation.shift)} of their length`] : []),
          ...(augmentation.noise > 0 ? [`with noise of ${augmentation.noise} standard deviations`] : []),
        ];
  return `${copies} changed ${copies === 1 ? "copy" : "copies"} of each training ${augmentation.of === "pictures" ? "picture" : "recording"}${what.length === 0 ? "" : `: ${what.join(", ")}`}. Copies stay here, as the originals do.`;
}
