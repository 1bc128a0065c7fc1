/**
 * What a compressed picture says of its own size. A codec makes room for that before it reads on, so it is compared with the file's
 * header first: a few bytes that claim 60,000 x 60,000 pixels get no memory.
 */

export interface StreamSize {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

/** Undefined where the bytes are no JPEG or JPEG-LS picture (ITU-T T.81, B.2; T.87, C.2.2). */
export function jpegSize(bytes: Uint8Array): StreamSize | undefined {
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (word(0) !== 0xff_d8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (isFrame(marker)) return { bits: bytes[at + 4] ?? 0, height: word(at + 5), width: word(at + 7), components: bytes[at + 9] ?? 0 };
    at += 2 + word(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15 without the tables that lie between them (DHT, JPG, DAC), and JPEG-LS's SOF55. */
const isFrame = (marker: number): boolean =>
  marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc);

/** Undefined where the bytes are no JPEG 2000 codestream (ITU-T T.800, A.5.1), bare or in a JP2 file. */
export function jpeg2000Size(bytes: Uint8Array): StreamSize | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(Buffer.from([0xff, 0x4f, 0xff, 0x51]));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start < 0 || start + 45 > bytes.length) return undefined;
  const [right, bottom, left, top] = [8, 12, 16, 20].map((offset) => view.getUint32(start + offset)) as [number, number, number, number];
  // 7 bits hold the number of bits less one, the highest is the sign.
  return {
    width: right - left,
    height: bottom - top,
    components: view.getUint16(start + 40),
    bits: (view.getUint8(start + 42) & 0x7f) + 1,
  };
}
