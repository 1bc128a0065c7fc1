/** One slice of a NIfTI volume (NIfTI-1 and -2, .nii and .nii.gz), in anatomical order, so that slices of different scanners look alike. */
import { gunzipSync } from "node:zlib";
import type { ImageField } from "@engraft/core/models/fields";
import { readHeader, type NIFTI1, type NIFTI2 } from "nifti-reader-js";
import { checkSize, MAX_BYTES, PictureRefused, type Picture } from "./picture.ts";

export type Slice = NonNullable<ImageField["slice"]>;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** By its first bytes; a compressed file may be another thing too. */
export function looksLikeNifti(bytes: Uint8Array): boolean {
  const size = [0, 1, 2, 3].map((at) => bytes[at] ?? 0);
  const header = [348, 540].some(
    (length) => size.join() === [length & 255, length >> 8, 0, 0].join() || size.join() === [0, 0, length >> 8, length & 255].join(),
  );
  return header || isGzip(bytes);
}

/**
 * The wanted slice, rows from anterior or superior to posterior or inferior, columns from the patient's right to left, as radiologists
 * look at it (axial and coronal); sagittal rows are from superior to inferior, columns from anterior to posterior.
 * Throws `PictureRefused`.
 */
export function readNifti(file: Uint8Array, slice: Slice | undefined): Picture {
  if (slice === undefined) throw new PictureRefused("no-slice");
  const { bytes, header } = opened(file);
  const volume = volumeOf(bytes, header);
  const { across, down, through } = PLANES[slice.plane];
  const axes = canonicalAxes(header);
  const [width, height, depth] = [across, down, through].map((axis) => axes[axis.of].length) as [number, number, number];
  checkSize(width, height);
  const start = position(axes[through.of], through.towards, Math.min(depth - 1, Math.floor(slice.at * depth)));
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const line = start + position(axes[down.of], down.towards, row);
    for (let column = 0; column < width; column++)
      values[row * width + column] = volume.at(line + position(axes[across.of], across.towards, column));
  }
  if (!values.every(Number.isFinite)) throw new PictureRefused("unreadable-file");
  return { width, height, channels: 1, bits: header.numBitsPerVoxel, values, range: volume.range, inverted: false, physical: true };
}

function opened(file: Uint8Array): { readonly bytes: Uint8Array; readonly header: NIFTI1 | NIFTI2 } {
  try {
    const bytes = isGzip(file) ? gunzipSync(file, { maxOutputLength: MAX_BYTES }) : file;
    // The library takes a whole buffer; no header is longer than this, and it looks for extensions behind it.
    const start = Uint8Array.from(bytes.subarray(0, 4096)).buffer;
    const header = readHeader(start);
    return { bytes, header };
  } catch (error) {
    const large = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw new PictureRefused(large ? "too-large-picture" : "unreadable-file");
  }
}

interface Volume {
  /** Physical value of a voxel, by its place in the file's order. */
  readonly at: (index: number) => number;
  readonly range: readonly [low: number, high: number];
}

type Numbers = readonly [bytes: number, low: number, high: number, read: (view: DataView, at: number, little: boolean) => number];

/** By NIfTI's datatype code. Colours, complex numbers and 64-bit integers are no pictures of one value. */
const TYPES: Readonly<Record<number, Numbers>> = {
  2: [1, 0, 255, (view, at) => view.getUint8(at)],
  256: [1, -128, 127, (view, at) => view.getInt8(at)],
  4: [2, -32_768, 32_767, (view, at, little) => view.getInt16(at, little)],
  512: [2, 0, 65_535, (view, at, little) => view.getUint16(at, little)],
  8: [4, -(2 ** 31), 2 ** 31 - 1, (view, at, little) => view.getInt32(at, little)],
  768: [4, 0, 2 ** 32 - 1, (view, at, little) => view.getUint32(at, little)],
  16: [4, 0, 1, (view, at, little) => view.getFloat32(at, little)],
  64: [8, 0, 1, (view, at, little) => view.getFloat64(at, little)],
};

function volumeOf(bytes: Uint8Array, header: NIFTI1 | NIFTI2): Volume {
  const type = TYPES[header.datatypeCode];
  if (type === undefined) throw new PictureRefused("unsupported-pixels");
  const [size, low, high, read] = type;
  const [dimensions = 0, ...lengths] = header.dims;
  if (dimensions > 3 && lengths.slice(3, dimensions).some((length) => length > 1)) throw new PictureRefused("several-pictures");
  const voxels = lengths.slice(0, 3).reduce((product, length) => product * Math.max(1, length), 1);
  const offset = header.vox_offset;
  if (dimensions < 2 || !Number.isSafeInteger(offset) || offset < 348 || !(offset + voxels * size <= bytes.length))
    throw new PictureRefused("unreadable-file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A slope of 0 means that there is none.
  const [slope, intercept] = header.scl_slope === 0 || !Number.isFinite(header.scl_slope) ? [1, 0] : [header.scl_slope, header.scl_inter];
  const [from, to] = [low * slope + intercept, high * slope + intercept];
  return {
    at: (index) => read(view, offset + index * size, header.littleEndian) * slope + intercept,
    range: [Math.min(from, to), Math.max(from, to)],
  };
}

/** Right, anterior, superior: where each axis of the patient's body runs in the file. */
interface Axis {
  readonly length: number;
  readonly stride: number;
  /** Whether the file's order runs the other way. */
  readonly reversed: boolean;
}

const position = ({ length, stride, reversed }: Axis, towards: "up" | "down", index: number): number =>
  stride * ((towards === "up") === reversed ? length - 1 - index : index);

interface Direction {
  readonly of: 0 | 1 | 2;
  readonly towards: "up" | "down";
}

const axis = (of: 0 | 1 | 2, towards: "up" | "down"): Direction => ({ of, towards });

/** 0 grows to the patient's right, 1 to the front, 2 to the top. */
const PLANES: Readonly<Record<Slice["plane"], { readonly across: Direction; readonly down: Direction; readonly through: Direction }>> = {
  axial: { across: axis(0, "down"), down: axis(1, "down"), through: axis(2, "up") },
  coronal: { across: axis(0, "down"), down: axis(2, "down"), through: axis(1, "up") },
  sagittal: { across: axis(1, "down"), down: axis(2, "down"), through: axis(0, "up") },
};

/**
 * The axis of the file that runs closest to each axis of the body. Chosen as in nibabel's `as_closest_canonical`, by the largest
 * direction cosine first; an image without any orientation keeps its own order.
 */
function canonicalAxes(header: NIFTI1 | NIFTI2): readonly [Axis, Axis, Axis] {
  const lengths = [1, 2, 3].map((index) => Math.max(1, index <= (header.dims[0] ?? 0) ? (header.dims[index] ?? 1) : 1));
  const strides = [1, lengths[0] as number, (lengths[0] as number) * (lengths[1] as number)];
  const cosines = [0, 1, 2].map((body) => [0, 1, 2].map((own) => cosine(header.affine, body, own)));
  const found: Axis[] = [];
  const taken = new Set<number>();
  const order = [0, 1, 2].toSorted((a, b) => largest(cosines, b) - largest(cosines, a));
  for (const own of order) {
    const free = [0, 1, 2].filter((body) => !taken.has(body));
    const body = free.reduce(
      (best, next) => (Math.abs(cosines[next]?.[own] ?? 0) > Math.abs(cosines[best]?.[own] ?? 0) ? next : best),
      free[0] as number,
    );
    taken.add(body);
    found[body] = { length: lengths[own] as number, stride: strides[own] as number, reversed: (cosines[body]?.[own] ?? 0) < 0 };
  }
  return found as unknown as readonly [Axis, Axis, Axis];
}

const largest = (cosines: readonly (readonly number[])[], own: number): number =>
  Math.max(...cosines.map((row) => Math.abs(row[own] ?? 0)));

function cosine(affine: readonly (readonly number[])[], body: number, own: number): number {
  const length = Math.hypot(...[0, 1, 2].map((row) => affine[row]?.[own] ?? 0));
  const value = (affine[body]?.[own] ?? 0) / length;
  return Number.isFinite(value) ? value : 0;
}
