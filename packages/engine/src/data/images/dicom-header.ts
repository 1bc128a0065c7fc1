/**
 * What is read of a DICOM file's header: the few elements that pixels need, and nothing else. The parser notes where every element lies;
 * the value of one that is not asked for here is never taken out of the file.
 */
import { inflateRawSync } from "node:zlib";
import dicomParser, { type DataSet } from "dicom-parser";
import { checkSize, MAX_BYTES, PictureRefused, type Window } from "./picture.ts";

/** The allow list. Names are those of DICOM PS3.6. */
export const ALLOWED = {
  transferSyntax: "x00020010",
  samplesPerPixel: "x00280002",
  photometric: "x00280004",
  planar: "x00280006",
  frames: "x00280008",
  rows: "x00280010",
  columns: "x00280011",
  allocated: "x00280100",
  stored: "x00280101",
  highBit: "x00280102",
  signed: "x00280103",
  center: "x00281050",
  width: "x00281051",
  intercept: "x00281052",
  slope: "x00281053",
  windowShape: "x00281056",
  modalityTable: "x00283000",
  red: "x00281101",
  green: "x00281102",
  blue: "x00281103",
  redData: "x00281201",
  greenData: "x00281202",
  blueData: "x00281203",
  pixels: "x7fe00010",
} as const;

/** The uncompressed syntax of mirrored pairs, retired in 2006. */
const BIG_ENDIAN = "1.2.840.10008.1.2.2";

export interface DicomHeader {
  readonly syntax: string;
  readonly bigEndian: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly samples: 1 | 3;
  readonly photometric: string;
  /** Colours one after the other (true) or pixel by pixel. */
  readonly planar: boolean;
  readonly allocated: 8 | 16 | 32;
  readonly stored: number;
  /** Unused bits below a value. */
  readonly shift: number;
  readonly signed: boolean;
  readonly slope: number;
  readonly intercept: number;
  readonly window?: Window;
}

/**
 * The file's elements. What stands behind the pixels may be broken: many programs leave something there. Throws `PictureRefused` where
 * the bytes are no DICOM file, or one that is cut off before `last`.
 */
export function parsed(bytes: Uint8Array, last: string = ALLOWED.pixels): DataSet {
  try {
    return dicomParser.parseDicom(bytes, { inflater });
  } catch (error) {
    const { dataSet, exception } = error as Partial<{ dataSet: DataSet; exception: unknown }>;
    if (dataSet?.elements[last] !== undefined) return withMeta(dataSet, bytes);
    if (isTooLarge(error) || isTooLarge(exception)) throw new PictureRefused("too-large-picture");
    // The parser's own words may hold a piece of the file.
    throw new PictureRefused("unreadable-file");
  }
}

const isTooLarge = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";

/** The parser leaves the file's first part (group 0002) out of what it hands over with an error. */
function withMeta(data: DataSet, bytes: Uint8Array): DataSet {
  const meta = dicomParser.readPart10Header(bytes);
  Object.assign(data.elements, meta.elements);
  return data;
}

/** The first part of a deflated file is not deflated (PS3.5, A.5). */
function inflater(bytes: Uint8Array, position: number): Uint8Array {
  const rest = inflateRawSync(bytes.subarray(position), { maxOutputLength: MAX_BYTES });
  return Buffer.concat([bytes.subarray(0, position), rest]);
}

/** Throws `PictureRefused`, by name, where the file holds no single picture that can be read. */
export function headerOf(data: DataSet): DicomHeader {
  const number = (tag: string): number => data.uint16(tag) ?? 0;
  const syntax = data.string(ALLOWED.transferSyntax) ?? "";
  checkSyntax(syntax);
  if ((data.intString(ALLOWED.frames) ?? 1) > 1) throw new PictureRefused("several-pictures");
  const [columns, rows, samples, allocated, stored] = [
    number(ALLOWED.columns),
    number(ALLOWED.rows),
    number(ALLOWED.samplesPerPixel),
    number(ALLOWED.allocated),
    number(ALLOWED.stored),
  ];
  checkSize(columns, rows);
  if ((samples !== 1 && samples !== 3) || (allocated !== 8 && allocated !== 16 && allocated !== 32) || (samples === 3 && allocated === 32))
    throw new PictureRefused("unsupported-pixels");
  const shift = (data.uint16(ALLOWED.highBit) ?? stored - 1) - stored + 1;
  if (stored < 1 || shift < 0 || stored + shift > allocated) throw new PictureRefused("unreadable-file");
  // A table instead of slope and intercept: the values are of no unit that could be compared.
  if (data.elements[ALLOWED.modalityTable] !== undefined) throw new PictureRefused("unsupported-pixels");
  const window = windowOf(data);
  return {
    syntax,
    bigEndian: syntax === BIG_ENDIAN,
    columns,
    rows,
    samples,
    photometric: data.string(ALLOWED.photometric) ?? "",
    planar: samples === 3 && number(ALLOWED.planar) === 1,
    allocated,
    stored,
    shift,
    signed: number(ALLOWED.signed) === 1,
    ...rescaleOf(data),
    ...(window === undefined ? {} : { window }),
  };
}

/** MPEG-2, MPEG-4 and HEVC; SMPTE ST 2110. */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.(4\.(10[0-9]|200)|7\.\d+)(\.\d+)?$/;
/** JPIP: the pixels are on a server. */
const REMOTE = /^1\.2\.840\.10008\.1\.2\.4\.(9[45]|20[45])$/;

function checkSyntax(syntax: string): void {
  if (VIDEO.test(syntax)) throw new PictureRefused("video-picture");
  if (REMOTE.test(syntax)) throw new PictureRefused("remote-pixels");
}

function rescaleOf(data: DataSet): { readonly slope: number; readonly intercept: number } {
  const [slope, intercept] = [data.floatString(ALLOWED.slope) ?? 1, data.floatString(ALLOWED.intercept) ?? 0];
  if (!Number.isFinite(slope) || !Number.isFinite(intercept) || slope === 0) throw new PictureRefused("unreadable-file");
  return { slope, intercept };
}

/** The first of several. */
function windowOf(data: DataSet): Window | undefined {
  const [center, width] = [data.floatString(ALLOWED.center), data.floatString(ALLOWED.width)];
  if (center === undefined || width === undefined || !Number.isFinite(center) || !Number.isFinite(width) || width < 1) return undefined;
  const said = data.string(ALLOWED.windowShape);
  return { center, width, shape: said === "SIGMOID" ? "sigmoid" : said === "LINEAR_EXACT" ? "linear-exact" : "linear" };
}
