/** PNG, JPEG, TIFF, WebP and GIF, by sharp (libvips). It decodes outside of JavaScript, with limits of its own on size and time. */
import sharp, { type Sharp } from "sharp";
import { isDicom, MAX_PIXELS, PictureRefused, type Picture } from "./picture.ts";

/** Beyond this a picture of that size is made to take time. */
const SECONDS = 60;

/** First bytes of the formats that are taken. libvips reads others (SVG, for one, which can name other files). */
const FORMATS: readonly (readonly (number | undefined)[])[] = [
  [0x89, 0x50, 0x4e, 0x47],
  [0xff, 0xd8, 0xff],
  [0x49, 0x49, 0x2a, 0x00],
  [0x4d, 0x4d, 0x00, 0x2a],
  [0x47, 0x49, 0x46, 0x38],
  [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
];

export const looksPlain = (bytes: Uint8Array): boolean =>
  !isDicom(bytes) && FORMATS.some((start) => start.every((byte, at) => byte === undefined || bytes[at] === byte));

/** On black where it is transparent. `failOn` is sharp's own default, said because much depends on it: a cut-off file is no picture. */
const opened = (bytes: Uint8Array): Sharp =>
  sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "warning" }).timeout({ seconds: SECONDS }).flatten({ background: "#000000" });

export interface PlainHeader {
  readonly width: number;
  readonly height: number;
  readonly bits: 8 | 16;
  readonly grey: boolean;
}

/** Throws `PictureRefused`. */
export async function plainHeader(bytes: Uint8Array): Promise<PlainHeader> {
  const found = await sharp(bytes, { limitInputPixels: MAX_PIXELS })
    .metadata()
    .catch((error: unknown) => {
      throw refusal(error);
    });
  if ((found.pages ?? 1) > 1) throw new PictureRefused("several-pictures");
  if (found.depth !== "uchar" && found.depth !== "ushort") throw new PictureRefused("unsupported-pixels");
  return {
    width: found.width,
    height: found.height,
    bits: found.depth === "uchar" ? 8 : 16,
    grey: found.space === "b-w" || found.space === "grey16",
  };
}

/** Throws `PictureRefused`. */
export async function readPlain(bytes: Uint8Array, { bits, grey }: PlainHeader): Promise<Picture> {
  const picture = opened(bytes);
  const wide = bits === 16;
  const { data, info } = await picture
    .toColourspace(grey ? (wide ? "grey16" : "b-w") : wide ? "rgb16" : "srgb")
    .raw({ depth: wide ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw refusal(error);
    });
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) throw new PictureRefused("unsupported-pixels");
  const stored = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  return {
    width,
    height,
    channels,
    bits,
    values: Float32Array.from(stored),
    range: [0, 2 ** bits - 1],
    inverted: false,
    physical: wide && grey,
  };
}

/** What fits says of how a picture of another shape is brought to the rule's. */
export interface Resized {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly fit: "fill" | "cover" | "contain";
}

/** 8-bit pictures at a model's size: height x width x channels, 0 to 255. Throws `PictureRefused`. */
export async function plainAtSize(bytes: Uint8Array, { width, height, channels, fit }: Resized): Promise<Uint8Array> {
  try {
    return await opened(bytes)
      .resize(width, height, { fit, kernel: "linear", background: "#000000" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer();
  } catch (error) {
    throw refusal(error);
  }
}

const refusal = (error: unknown): PictureRefused =>
  new PictureRefused(error instanceof Error && error.message.includes("pixel limit") ? "too-large-picture" : "unreadable-file");
