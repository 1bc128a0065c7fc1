/** One picture, as every reader gives it, and why a file gives none. */

/**
 * Grey values are physical: what the file's own slope and intercept make of what it stores (Hounsfield units of CT, for example). Colours
 * are red, green and blue. Nothing of the patient is in it.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Bits that the file uses for one value. */
  readonly bits: number;
  /** height x width x channels. */
  readonly values: Float32Array;
  /** What the smallest and largest number that the file could store mean. */
  readonly range: readonly [low: number, high: number];
  /**
   * True where small values are bright (DICOM MONOCHROME1). It is undone with the window, not here: the file's window and a plan's range
   * are of the values as they are (DICOM PS3.3, C.7.6.3.1.2 and C.11.2).
   */
  readonly inverted: boolean;
  /** Whether its values are of a scale of their own, which only a declared range makes comparable with other files'. */
  readonly physical: boolean;
  /** The window that the file brings. */
  readonly window?: Window;
}

/** DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3. */
export interface Window {
  readonly center: number;
  readonly width: number;
  readonly shape: "linear" | "linear-exact" | "sigmoid";
}

/** Each is a kind of finding (findings.ts). */
export type PictureProblem =
  | "unreadable-file"
  | "too-large-picture"
  | "several-pictures"
  | "video-picture"
  | "remote-pixels"
  | "unknown-syntax"
  | "unsupported-pixels"
  | "no-slice"
  | "no-range"
  | "other-size"
  | "other-bits";

/** A file that gives no picture, by kind only: the message of whatever found it may quote the file. */
export class PictureRefused extends Error {
  override readonly name = "PictureRefused";
  readonly kind: PictureProblem;
  constructor(kind: PictureProblem) {
    super(kind);
    this.kind = kind;
  }
}

/** Pixels of a picture that is still read: of a mammogram or a chest film there are 30 million. More is a mistake, or meant to fill the memory. */
export const MAX_PIXELS = 50_000_000;

/** Bytes of a file that is still opened, and of what it holds when unpacked. */
export const MAX_BYTES = 512 * 1024 * 1024;

/** The mark stands behind 128 bytes that may hold anything, also the beginning of a TIFF file (DICOM PS3.10, 7.1): it is looked for first. */
export const isDicom = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(128, 132)).toString("latin1") === "DICM";

/** Throws `PictureRefused` for sizes that no picture has. */
export function checkSize(width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) throw new PictureRefused("unreadable-file");
  if (width * height > MAX_PIXELS) throw new PictureRefused("too-large-picture");
}
