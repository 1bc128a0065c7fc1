/** From a picture's values to levels of grey or colour, 0 to 255, by what the plan declares. Never by the values of the picture itself. */
import type { ImageField } from "@engraft/core/models/fields";
import { PictureRefused, type Picture, type Window } from "./picture.ts";

const WHITE = 255;

/** Whether the file's own window decides. */
export const usesOwnWindow = ({ channels, window }: Picture, { intensity }: Pick<ImageField, "intensity">): boolean =>
  channels === 1 && window !== undefined && (intensity === undefined || intensity.from === "file");

/** height x width x channels, 0 to 255. Throws `PictureRefused` where nothing says what is black and what is white. */
export function levelsOf(picture: Picture, { intensity }: Pick<ImageField, "intensity">): Float32Array {
  const level = scaleOf(picture, intensity);
  return picture.inverted ? picture.values.map((value) => WHITE - level(value)) : picture.values.map(level);
}

function scaleOf({ channels, range, window, physical }: Picture, intensity: ImageField["intensity"]): (value: number) => number {
  if (intensity?.from === "range") return between(intensity.low, intensity.high);
  // Colours are meant as they are; only greys have windows.
  if (channels === 3 || intensity?.from === "bits") return between(...range);
  if (window !== undefined) return windowed(window);
  if (intensity?.from === "file" || physical) throw new PictureRefused("no-range");
  return between(...range);
}

const between =
  (low: number, high: number) =>
  (value: number): number =>
    WHITE * Math.min(1, Math.max(0, (value - low) / (high - low)));

/** DICOM PS3.3, C.11.2.1.2.1 (linear), C.11.2.1.3.1 (sigmoid), C.11.2.1.3.2 (linear exact). */
function windowed({ center, width, shape }: Window): (value: number) => number {
  if (shape === "sigmoid") return (value) => WHITE / (1 + Math.exp((-4 * (value - center)) / width));
  if (shape === "linear-exact") return between(center - width / 2, center + width / 2);
  // A window of one value is a threshold.
  if (width === 1) return (value) => (value <= center - 0.5 ? 0 : WHITE);
  return between(center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2);
}
