/** Single-frame DICOM (PS3.3, C.7.6.3; PS3.5, 8): from the file's bytes to a picture. */
import dicomParser, { type DataSet } from "dicom-parser";
import { isCompressed, unpacked, type Unpacked } from "./codecs.ts";
import { ALLOWED, headerOf, parsed, type DicomHeader } from "./dicom-header.ts";
import { paletteOf } from "./palette.ts";
import { PictureRefused, type Picture } from "./picture.ts";

/** Uncompressed: implicit and explicit little endian, deflated, explicit big endian. */
const PLAIN = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"]);

/** Throws `PictureRefused`. */
export async function readDicom(bytes: Uint8Array): Promise<Picture> {
  const data = parsed(bytes);
  const header = headerOf(data);
  const raw = isCompressed(header.syntax) ? await unpacked(encodedOf(data), header) : plain(data, header);
  const stored = storedValues(raw.bytes, header, raw.bytes.length / (header.allocated / 8));
  const shape = { width: header.columns, height: header.rows, bits: header.stored, inverted: false } as const;
  if (header.photometric === "PALETTE COLOR") {
    const palette = paletteOf(data, header);
    return {
      ...shape,
      channels: 3,
      bits: palette.bits,
      values: palette.colours(stored),
      range: [0, 2 ** palette.bits - 1],
      physical: false,
    };
  }
  if (header.samples === 3)
    return { ...shape, channels: 3, values: coloursOf(stored, raw, header), range: [0, 2 ** header.stored - 1], physical: false };
  if (header.photometric !== "MONOCHROME1" && header.photometric !== "MONOCHROME2") throw new PictureRefused("unsupported-pixels");
  const { slope, intercept } = header;
  const scaled = slope !== 1 || intercept !== 0;
  if (scaled) for (let at = 0; at < stored.length; at++) stored[at] = (stored[at] as number) * slope + intercept;
  const [low, high] = header.signed ? [-(2 ** (header.stored - 1)), 2 ** (header.stored - 1) - 1] : [0, 2 ** header.stored - 1];
  const [from, to] = [low * slope + intercept, high * slope + intercept];
  return {
    ...shape,
    channels: 1,
    values: stored,
    range: [Math.min(from, to), Math.max(from, to)],
    inverted: header.photometric === "MONOCHROME1",
    physical: scaled || header.signed || header.stored > 8,
    ...(header.window === undefined ? {} : { window: header.window }),
  };
}

function encodedOf(data: DataSet): Uint8Array {
  const element = data.elements[ALLOWED.pixels];
  const fragments = element?.fragments?.length ?? 0;
  if (element === undefined || fragments === 0) throw new PictureRefused("unreadable-file");
  try {
    // One picture may be cut into several pieces.
    return dicomParser.readEncapsulatedPixelDataFromFragments(data, element, 0, fragments);
  } catch {
    throw new PictureRefused("unreadable-file");
  }
}

function plain(data: DataSet, header: DicomHeader): Unpacked {
  if (!PLAIN.has(header.syntax)) throw new PictureRefused("unknown-syntax");
  const element = data.elements[ALLOWED.pixels];
  const { columns, rows, samples, allocated, photometric, planar } = header;
  const halved = photometric === "YBR_FULL_422";
  const needed = columns * rows * (halved ? 2 : samples) * (allocated / 8);
  if (element === undefined || element.encapsulatedPixelData === true || element.length < needed)
    throw new PictureRefused("unreadable-file");
  const bytes = data.byteArray.subarray(element.dataOffset, element.dataOffset + needed + (needed % 2));
  if (bytes.length < needed) throw new PictureRefused("unreadable-file");
  // Bytes in words: the first of a pair is the higher one.
  const words = header.bigEndian && (allocated === 16 || (allocated === 8 && element.vr === "OW" && bytes.length % 2 === 0));
  const ordered = words ? Buffer.from(bytes).swap16() : header.bigEndian && allocated === 32 ? Buffer.from(bytes).swap32() : bytes;
  return { bytes: ordered.subarray(0, needed), planar, photometric };
}

/** The stored bits of each value, with their sign and without what lies beside them (overlays, in old files). */
function storedValues(bytes: Uint8Array, { allocated, stored, shift, signed }: DicomHeader, count: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = {
    8: (at: number) => view.getUint8(at),
    16: (at: number) => view.getUint16(at, true),
    32: (at: number) => view.getUint32(at, true),
  };
  const [get, step] = [read[allocated], allocated / 8];
  const values = new Float32Array(count);
  // Up to the highest stored bit, then down again: what is above falls out, and the sign is filled in.
  const [up, down] = [32 - stored - shift, 32 - stored];
  for (let at = 0; at < count; at++) {
    const bits = get(at * step) << up;
    values[at] = signed ? bits >> down : bits >>> down;
  }
  return values;
}

/** Red, green and blue, pixel by pixel. */
function coloursOf(stored: Float32Array, { planar, photometric }: Unpacked, header: DicomHeader): Float32Array {
  const pixels = header.columns * header.rows;
  if (photometric === "YBR_FULL_422" && stored.length < pixels * 3) return fromYbr(spread(stored, pixels), header.stored);
  const mixed = planar ? interleaved(stored, pixels) : stored;
  if (photometric === "RGB") return mixed;
  if (photometric === "YBR_FULL" || photometric === "YBR_FULL_422") return fromYbr(mixed, header.stored);
  throw new PictureRefused("unsupported-pixels");
}

function interleaved(planes: Float32Array, pixels: number): Float32Array {
  const mixed = new Float32Array(planes.length);
  for (let plane = 0; plane < 3; plane++) for (let at = 0; at < pixels; at++) mixed[at * 3 + plane] = planes[plane * pixels + at] as number;
  return mixed;
}

/** Two pixels share their colour: Y Y Cb Cr (PS3.3, C.7.6.3.1.2). */
function spread(stored: Float32Array, pixels: number): Float32Array {
  const full = new Float32Array(pixels * 3);
  for (let at = 0; at < pixels; at++) {
    const pair = (at >> 1) * 4;
    full.set([stored[pair + (at & 1)] as number, stored[pair + 2] as number, stored[pair + 3] as number], at * 3);
  }
  return full;
}

/** PS3.3, C.7.6.3.1.2: the inverse of the equations there (ITU-R BT.601, full range). Changes `values`. */
function fromYbr(values: Float32Array, bits: number): Float32Array {
  const [half, top] = [2 ** (bits - 1), 2 ** bits - 1];
  const clipped = (value: number): number => Math.min(top, Math.max(0, Math.round(value)));
  for (let at = 0; at < values.length; at += 3) {
    const [y, blue, red] = [values[at] as number, (values[at + 1] as number) - half, (values[at + 2] as number) - half];
    values[at] = clipped(y + 1.402 * red);
    values[at + 1] = clipped(y - 0.344136 * blue - 0.714136 * red);
    values[at + 2] = clipped(y + 1.772 * blue);
  }
  return values;
}
