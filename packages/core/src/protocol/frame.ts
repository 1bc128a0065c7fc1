/** Binary frames: a 16-byte header, then at most 256 KiB of a blob. */
import { refuse, type Refusal } from "../base/errors.ts";

export const FRAME_DATA = 256 * 1024;
export const FRAME_HEADER = 16;
/** The receiver acknowledges each time this much more is held durably; the sender waits when twice this is open. */
export const ACK_EVERY = 4 * 1024 * 1024;
export const MAX_OPEN = 2 * ACK_EVERY;

const VERSION = 1;
const KIND_DATA = 1;

export interface Frame {
  readonly transfer: number;
  readonly offset: number;
  /** A view into the frame that was received. */
  readonly data: Uint8Array;
}

/** Writes the header into the first 16 bytes of `frame`, little-endian: version u8, kind u8, reserved u16 = 0, transfer u32, offset u64. */
export function encodeHeader(frame: Uint8Array, transfer: number, offset: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, FRAME_HEADER);
  view.setUint8(0, VERSION);
  view.setUint8(1, KIND_DATA);
  view.setUint16(2, 0, true);
  view.setUint32(4, transfer, true);
  view.setBigUint64(8, BigInt(offset), true);
}

export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + frame.data.byteLength);
  encodeHeader(bytes, frame.transfer, frame.offset);
  bytes.set(frame.data, FRAME_HEADER);
  return bytes;
}

/** Never throws; refuses any header that differs from the layout. */
export function decodeFrame(bytes: Uint8Array): { readonly ok: true; readonly frame: Frame } | Refusal {
  if (bytes.byteLength <= FRAME_HEADER || bytes.byteLength > FRAME_HEADER + FRAME_DATA)
    return refuse("bad-message", "A binary frame of impossible length.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== KIND_DATA || view.getUint16(2, true) !== 0)
    return refuse("bad-message", "A binary frame of another version or kind.");
  const offset = view.getBigUint64(8, true);
  if (offset > 2n ** 40n) return refuse("bad-message", "A binary frame beyond the largest blob.");
  return { ok: true, frame: { transfer: view.getUint32(4, true), offset: Number(offset), data: bytes.subarray(FRAME_HEADER) } };
}
