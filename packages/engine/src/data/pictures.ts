/** Pictures as numbers: decoded, stretched to the base's size and normalised as its rule says. */
import { EngraftError } from "@engraft/core/base/errors";
import type { InputRule } from "@engraft/core/models/manifest";
import sharp from "sharp";

export type ImageRule = Extract<InputRule, { readonly kind: "image" }>;

/** Pixels of a picture that is still read; more is a mistake, or meant to fill the memory. */
const MAX_PIXELS = 100_000_000;

/** True where the file's header is one of a picture that can be read (PNG, JPEG, TIFF, WebP, GIF). */
export async function isPicture(path: string): Promise<boolean> {
  try {
    const { width, height } = await sharp(path, { limitInputPixels: MAX_PIXELS }).metadata();
    return width > 0 && height > 0;
  } catch {
    return false;
  }
}

/** One sample, channels x height x width. Throws `data-invalid` where the bytes are no picture. */
export async function pictureSample(bytes: Uint8Array, rule: ImageRule): Promise<Float32Array> {
  const { width, height, channels } = rule;
  const pixels = await decode(bytes, rule);
  const sample = new Float32Array(width * height * channels);
  const plane = width * height;
  for (let at = 0; at < plane; at++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = ((pixels[at * channels + channel] as number) - (rule.mean[channel] as number)) / (rule.sd[channel] as number);
      sample[channel * plane + at] = value;
    }
  }
  return sample;
}

async function decode(bytes: Uint8Array, { width, height, channels }: ImageRule): Promise<Uint8Array> {
  try {
    const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS })
      .flatten({ background: "#000000" })
      .resize(width, height, { fit: "fill", kernel: "linear" })
      .toColourspace(channels === 1 ? "b-w" : "srgb");
    return await picture.raw({ depth: "uchar" }).toBuffer();
  } catch (cause) {
    throw new EngraftError(
      "data-invalid",
      "A picture cannot be read. Run `engraft-site data check`, which says in which line it is named.",
      { cause },
    );
  }
}
