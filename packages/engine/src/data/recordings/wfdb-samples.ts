/** Signal files of WFDB (WFDB Applications Guide, signal(5)): points of several signals in turns, in one of ten encodings. */
import { BLOCK, type ByteSource } from "./bytes.ts";
import { damaged, unsupported } from "./recording.ts";

interface Encoding {
  /** The fewest points that fill whole bytes, and their bytes. */
  readonly points: number;
  readonly bytes: number;
  /** Point `n` of a block that begins with point 0. */
  readonly at: (bytes: DataView, n: number) => number;
  /** Stands for a value that is not there. */
  readonly invalid: number;
}

const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

/** Bits 1 to 10 of each of two words, and the five upper bits of both. */
function packed310(view: DataView, n: number): number {
  const from = 4 * Math.floor(n / 3);
  const [first, second] = [view.getUint16(from, true), view.getUint16(from + 2, true)];
  const value = n % 3 === 0 ? first >> 1 : n % 3 === 1 ? second >> 1 : (first >> 11) | ((second >> 11) << 5);
  return signed(value, 10);
}

function packed212(view: DataView, n: number): number {
  const from = 3 * (n >> 1);
  const middle = view.getUint8(from + 1);
  return n % 2 === 0
    ? signed(view.getUint8(from) | ((middle & 0x0f) << 8), 12)
    : signed(view.getUint8(from + 2) | ((middle & 0xf0) << 4), 12);
}

const ENCODINGS: Readonly<Record<number, Encoding>> = {
  16: { points: 1, bytes: 2, at: (view, n) => view.getInt16(2 * n, true), invalid: -(2 ** 15) },
  24: { points: 1, bytes: 3, at: (view, n) => (view.getInt8(3 * n + 2) << 16) | view.getUint16(3 * n, true), invalid: -(2 ** 23) },
  32: { points: 1, bytes: 4, at: (view, n) => view.getInt32(4 * n, true), invalid: -(2 ** 31) },
  61: { points: 1, bytes: 2, at: (view, n) => view.getInt16(2 * n, false), invalid: -(2 ** 15) },
  80: { points: 1, bytes: 1, at: (view, n) => view.getUint8(n) - 128, invalid: -128 },
  160: { points: 1, bytes: 2, at: (view, n) => view.getUint16(2 * n, true) - 2 ** 15, invalid: -(2 ** 15) },
  212: { points: 2, bytes: 3, at: packed212, invalid: -(2 ** 11) },
  310: { points: 3, bytes: 4, at: packed310, invalid: -(2 ** 9) },
  311: {
    points: 3,
    bytes: 4,
    at: (view, n) => signed(view.getUint32(4 * Math.floor(n / 3), true) >> (10 * (n % 3)), 10),
    invalid: -(2 ** 9),
  },
};

/** First differences in bytes: a point is known only from all before it. Its file is read as format 80 is. */
const DIFFERENCES: Encoding = { points: 1, bytes: 1, at: (view, n) => view.getInt8(n), invalid: Number.NaN };

/** Throws `unsupported-recording`: for example formats 508, 516 and 524, which are FLAC. */
function encodingOf(format: number): Encoding {
  const encoding = format === 8 ? DIFFERENCES : ENCODINGS[format];
  if (encoding === undefined) throw unsupported("a format of signal files that is not read");
  return encoding;
}

/** Whole points that a file holds behind `offset`. */
export function pointsIn(size: number, format: number, offset: number): number {
  const { points, bytes } = encodingOf(format);
  const rest = Math.max(0, size - offset);
  const tail = rest % bytes;
  // Of a group that is cut off, the points whose bits are all there.
  const more = points === 1 ? 0 : Math.max(0, Math.min(points - 1, Math.floor((tail * 8 * points) / (8 * bytes))));
  return Math.floor(rest / bytes) * points + more;
}

export interface Track {
  readonly source: ByteSource;
  readonly format: number;
  readonly offset: number;
  /** Points of all signals in a frame of this file. */
  readonly frame: number;
  /** Where in the frame this signal's points are. */
  readonly at: number;
  readonly perFrame: number;
  readonly frames: number;
  readonly initial: number;
}

export interface Decoded {
  /** As the converter gave them; NaN where invalid. */
  readonly values: Float64Array;
  /** Sum of all points, invalid ones too, modulo 2^16. */
  readonly checksum: number;
}

/** One signal, by blocks: memory holds its points and one block. Throws `damaged-recording` where the file is too short. */
export async function decode(track: Track): Promise<Decoded> {
  const { source, format, offset, frame, at, perFrame, frames } = track;
  const { points, bytes, at: point, invalid } = encodingOf(format);
  if (pointsIn(source.size, format, offset) < frames * frame) throw damaged("a signal file is shorter than its header says");
  const values = new Float64Array(frames * perFrame);
  // A block begins where a frame and a whole byte do.
  const step = points * Math.max(1, Math.floor((BLOCK / bytes / frame) | 0));
  let [sum, last, to] = [0, track.initial, 0];
  for (let first = 0; first < frames; first += step) {
    const here = Math.min(step, frames - first);
    const from = offset + (first * frame * bytes) / points;
    const block = await source.read(from, Math.min(Math.ceil((here * frame) / points) * bytes, source.size - from));
    const view = padded(block, Math.ceil((here * frame) / points) * bytes);
    for (let f = 0; f < here; f++) {
      for (let k = 0; k < perFrame; k++) {
        let value = point(view, f * frame + at + k);
        if (format === 8) value = last += value;
        sum = (sum + value) & 0xffff;
        values[to++] = value === invalid ? Number.NaN : value;
      }
    }
  }
  return { values, checksum: sum };
}

/** A file may end within a group, behind its last point. */
function padded(bytes: Uint8Array, length: number): DataView {
  if (bytes.byteLength >= length) return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return new DataView(whole.buffer);
}
