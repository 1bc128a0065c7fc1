/** Compressed pixels of DICOM, by the C libraries IJG, CharLS and OpenJPEG in WebAssembly. Runs in the pictures' thread only. */
import codecs from "dcmjs-codecs";
import { jpeg2000Size, jpegSize, type StreamSize } from "./codestream.ts";
import type { DicomHeader } from "./dicom-header.ts";
import { PictureRefused } from "./picture.ts";

type Decode = "decodeRle" | "decodeJpeg" | "decodeJpegLs" | "decodeJpeg2000" | "decodeHtJpeg2000";

interface Codec {
  readonly decode: Decode;
  readonly size?: (bytes: Uint8Array) => StreamSize | undefined;
}

const jpeg: Codec = { decode: "decodeJpeg", size: jpegSize };
const jpegLs: Codec = { decode: "decodeJpegLs", size: jpegSize };
const jpeg2000: Codec = { decode: "decodeJpeg2000", size: jpeg2000Size };
const highThroughput: Codec = { decode: "decodeHtJpeg2000", size: jpeg2000Size };

/** By transfer syntax (DICOM PS3.6, table A-1). */
const CODECS: Readonly<Record<string, Codec>> = {
  "1.2.840.10008.1.2.5": { decode: "decodeRle" },
  "1.2.840.10008.1.2.4.50": jpeg,
  "1.2.840.10008.1.2.4.51": jpeg,
  "1.2.840.10008.1.2.4.57": jpeg,
  "1.2.840.10008.1.2.4.70": jpeg,
  "1.2.840.10008.1.2.4.80": jpegLs,
  "1.2.840.10008.1.2.4.81": jpegLs,
  "1.2.840.10008.1.2.4.90": jpeg2000,
  "1.2.840.10008.1.2.4.91": jpeg2000,
  "1.2.840.10008.1.2.4.201": highThroughput,
  "1.2.840.10008.1.2.4.202": highThroughput,
  "1.2.840.10008.1.2.4.203": highThroughput,
};

export const isCompressed = (syntax: string): boolean => syntax in CODECS;

export interface Unpacked {
  /** Little endian. */
  readonly bytes: Uint8Array;
  readonly planar: boolean;
  readonly photometric: string;
}

/** Throws `PictureRefused`. */
export async function unpacked(encoded: Uint8Array, header: DicomHeader): Promise<Unpacked> {
  const codec = CODECS[header.syntax];
  if (codec === undefined) throw new PictureRefused("unknown-syntax");
  checkStream(codec, encoded, header);
  if (!codecs.NativeCodecs.isInitialized()) await codecs.NativeCodecs.initializeAsync();
  try {
    return run(codec.decode, encoded, header);
  } catch {
    // Whatever it had taken of its memory is lost to it: the next picture gets a new one.
    codecs.NativeCodecs.release();
    throw new PictureRefused("unreadable-file");
  }
}

function checkStream({ size }: Codec, encoded: Uint8Array, { columns, rows, samples, allocated }: DicomHeader): void {
  if (size === undefined) return;
  const said = size(encoded);
  const fits = said?.width === columns && said.height === rows && said.components === samples && said.bits <= allocated;
  if (!fits) throw new PictureRefused("unreadable-file");
}

function run(decode: Decode, encoded: Uint8Array, header: DicomHeader): Unpacked {
  const { columns, rows, samples, allocated, stored, signed, photometric } = header;
  const lossyColour = decode === "decodeJpeg" && photometric.startsWith("YBR");
  const context = new codecs.Context({
    width: columns,
    height: rows,
    bitsAllocated: allocated,
    bitsStored: stored,
    samplesPerPixel: samples,
    pixelRepresentation: signed ? 1 : 0,
    planarConfiguration: header.planar ? 1 : 0,
    photometricInterpretation: photometric,
    encodedBuffer: encoded,
  });
  const decoded = codecs.NativeCodecs[decode](context, { convertColorspaceToRgb: lossyColour });
  const bytes = decoded.getDecodedBuffer();
  if (bytes === undefined || bytes.length < columns * rows * samples * (allocated / 8)) throw new PictureRefused("unreadable-file");
  return {
    bytes,
    planar: samples === 3 && decoded.getPlanarConfiguration() === 1,
    // JPEG 2000 turns its own colour transforms back while it decodes.
    photometric: /^YBR_(RCT|ICT)$/.test(photometric) || lossyColour ? "RGB" : photometric,
  };
}
