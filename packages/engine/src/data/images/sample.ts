/** From a picture file to a model's input, by the manifest's rule and the plan's field. */
import type { ImageField } from "@engraft/core/models/fields";
import type { InputRule } from "@engraft/core/models/manifest";
import { levelsOf } from "./levels.ts";
import { looksPlain, plainAtSize, plainHeader, readPlain, type PlainHeader } from "./plain.ts";
import { PictureRefused, type Picture } from "./picture.ts";
import { resized, type Box } from "./resize.ts";
import { decoded } from "./decoder.ts";

export type ImageRule = Extract<InputRule, { readonly kind: "image" }>;

/** What a file holds, whatever its format. Throws `PictureRefused`. */
export const readPicture = async (bytes: Uint8Array, field: ImageField): Promise<Picture> =>
  looksPlain(bytes) ? readPlain(bytes, await plainHeader(bytes)) : decoded(bytes, field.slice);

/** One sample, channels x height x width. Throws `PictureRefused`. */
export async function pictureSample(bytes: Uint8Array, rule: ImageRule, field: ImageField): Promise<Float32Array> {
  const sample = normalised(await levelsAtSize(bytes, rule, field), rule);
  // Finite values over a range without end, as broken headers have it, are no numbers.
  if (!sample.every(Number.isFinite)) throw new PictureRefused("unreadable-file");
  return sample;
}

const FITS = { stretch: "fill", crop: "cover", pad: "contain" } as const;

/** height x width x channels, 0 to 255. */
async function levelsAtSize(bytes: Uint8Array, rule: ImageRule, field: ImageField): Promise<ArrayLike<number>> {
  const header = looksPlain(bytes) ? await plainHeader(bytes) : undefined;
  if (header !== undefined) checkExpected(header, field);
  if (header?.bits === 8 && field.intensity?.from !== "range" && !enlarges(header, rule))
    return plainAtSize(bytes, { ...rule, fit: FITS[rule.fit ?? "stretch"] });
  const picture = await (header === undefined ? decoded(bytes, field.slice) : readPlain(bytes, header));
  checkExpected(picture, field);
  return atSize(inChannels(picture, levelsOf(picture, field), rule.channels), picture, rule);
}

/** libvips moves a picture that it enlarges, by about half of one of its pixels; a network made elsewhere has seen none that were moved. */
const enlarges = ({ width, height }: PlainHeader, rule: ImageRule): boolean => rule.width > width || rule.height > height;

/** Throws `PictureRefused` where a picture is not what the plan expects. */
export function checkExpected(
  { width, height, bits }: Pick<Picture | PlainHeader, "width" | "height" | "bits">,
  { expect }: ImageField,
): void {
  if ((expect?.width ?? width) !== width || (expect?.height ?? height) !== height) throw new PictureRefused("other-size");
  if ((expect?.bits ?? bits) !== bits) throw new PictureRefused("other-bits");
}

type Planes = readonly Float32Array[];

/** Grey three times, or colours as one grey (luma of ITU-R BT.601). */
function inChannels({ width, height, channels }: Picture, levels: Float32Array, wanted: 1 | 3): Planes {
  if (channels === 1) return Array<Float32Array>(wanted).fill(levels);
  const pixels = width * height;
  const plane = (value: (at: number) => number): Float32Array => Float32Array.from({ length: pixels }, (_, at) => value(at * 3));
  const [red, green, blue] = [0, 1, 2].map((channel) => (at: number) => levels[at + channel] as number) as [Level, Level, Level];
  return wanted === 3 ? [plane(red), plane(green), plane(blue)] : [plane((at) => 0.299 * red(at) + 0.587 * green(at) + 0.114 * blue(at))];
}

type Level = (at: number) => number;

function atSize(planes: Planes, { width, height }: Picture, rule: ImageRule): Float32Array {
  const fit = rule.fit ?? "stretch";
  const shrink = (fit === "pad" ? Math.min : Math.max)(rule.width / width, rule.height / height);
  const inner = fit === "pad" ? { width: scaled(width, shrink), height: scaled(height, shrink) } : rule;
  const box = fit === "crop" ? middle(width, height, rule.width / shrink, rule.height / shrink) : undefined;
  const [left, top] = [(rule.width - inner.width) >> 1, (rule.height - inner.height) >> 1];
  const result = new Float32Array(rule.width * rule.height * planes.length);
  const done = new Map<Float32Array, Float32Array>();
  for (const [channel, values] of planes.entries()) {
    const small = done.get(values) ?? resized({ width, height, values }, inner.width, inner.height, box);
    done.set(values, small);
    for (let row = 0; row < inner.height; row++)
      for (let column = 0; column < inner.width; column++)
        result[((top + row) * rule.width + left + column) * planes.length + channel] = small[row * inner.width + column] as number;
  }
  return result;
}

const scaled = (length: number, factor: number): number => Math.max(1, Math.round(length * factor));

const middle = (width: number, height: number, boxWidth: number, boxHeight: number): Box => ({
  left: (width - boxWidth) / 2,
  top: (height - boxHeight) / 2,
  right: (width + boxWidth) / 2,
  bottom: (height + boxHeight) / 2,
});

function normalised(levels: ArrayLike<number>, { width, height, channels, mean, sd }: ImageRule): Float32Array {
  const sample = new Float32Array(width * height * channels);
  const plane = width * height;
  for (let at = 0; at < plane; at++)
    for (let channel = 0; channel < channels; channel++)
      sample[channel * plane + at] = ((levels[at * channels + channel] as number) - (mean[channel] as number)) / (sd[channel] as number);
  return sample;
}
