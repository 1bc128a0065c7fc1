/** DICOM's palettes (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6): each stored value stands for a colour in a table of the file. */
import type { DataSet } from "dicom-parser";
import { ALLOWED, type DicomHeader } from "./dicom-header.ts";
import { PictureRefused } from "./picture.ts";

export interface Palette {
  /** Of one colour. */
  readonly bits: 8 | 16;
  /** Red, green and blue of each stored value. */
  readonly colours: (stored: Float32Array) => Float32Array;
}

interface Table {
  readonly first: number;
  readonly bits: 8 | 16;
  readonly entries: Float32Array;
}

/** Throws `PictureRefused` where a table is missing, or written in segments. */
export function paletteOf(data: DataSet, header: DicomHeader): Palette {
  const tables = [
    tableOf(data, header, ALLOWED.red, ALLOWED.redData),
    tableOf(data, header, ALLOWED.green, ALLOWED.greenData),
    tableOf(data, header, ALLOWED.blue, ALLOWED.blueData),
  ] as const;
  const colours = (stored: Float32Array): Float32Array => {
    const values = new Float32Array(stored.length * 3);
    for (const [channel, { first, entries }] of tables.entries()) {
      const last = entries.length - 1;
      for (let at = 0; at < stored.length; at++) {
        const index = Math.min(last, Math.max(0, (stored[at] as number) - first));
        values[at * 3 + channel] = entries[index] as number;
      }
    }
    return values;
  };
  return { bits: tables[0].bits, colours };
}

function tableOf(data: DataSet, { bigEndian, signed }: DicomHeader, descriptor: string, tag: string): Table {
  const length = data.uint16(descriptor, 0);
  const first = signed ? data.int16(descriptor, 1) : data.uint16(descriptor, 1);
  const bits = data.uint16(descriptor, 2);
  const element = data.elements[tag];
  if (length === undefined || first === undefined || element === undefined || (bits !== 8 && bits !== 16))
    throw new PictureRefused("unsupported-pixels");
  // 0 stands for 65,536, which 16 bits do not hold.
  const count = length === 0 ? 65_536 : length;
  const bytes = data.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  // Entries of 8 bits are written one in a byte, or one in a word of 16.
  const wide = bytes.length >= count * 2;
  if (bytes.length < count || (bits === 16 && !wide)) throw new PictureRefused("unreadable-file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = Float32Array.from({ length: count }, (_, index) => (wide ? view.getUint16(index * 2, !bigEndian) : view.getUint8(index)));
  return { first, bits, entries };
}
