/** Binary frames: a 16-byte header, then at most 256 KiB of a blob. */
import { concat } from "../base/bytes.ts";
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

/** Header layout, little-endian: version u8, kind u8, reserved u16 = 0, transfer u32, offset u64. */
export function encodeFrame(frame: Frame): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER);
  const view = new DataView(header.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, KIND_DATA);
  view.setUint32(4, frame.transfer, true);
  view.setBigUint64(8, BigInt(frame.offset), true);
  return concat([header, frame.data]);
}

/** Never throws; refuses any header that differs from the layout. */
export function decodeFrame(bytes: Uint8Array): { readonly ok: true; readonly frame: Frame } | Refusal {
  if (bytes.byteLength <= FRAME_HEADER || bytes.byteLength > FRAME_HEADER + FRAME_DATA) return refuse("bad-message", "A binary frame of impossible length.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== VERSION || view.getUint8(1) !== KIND_DATA || view.getUint16(2, true) !== 0) return refuse("bad-message", "A binary frame of another version or kind.");
  const offset = view.getBigUint64(8, true);
  if (offset > 2n ** 40n) return refuse("bad-message", "A binary frame beyond the largest blob.");
  return { ok: true, frame: { transfer: view.getUint32(4, true), offset: Number(offset), data: bytes.subarray(FRAME_HEADER) } };
}
