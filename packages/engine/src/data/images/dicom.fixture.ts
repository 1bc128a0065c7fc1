/** Writes small DICOM files, explicit little endian, for tests. */

export function element(group: number, number: number, vr: string, value: Uint8Array): Buffer {
  const long = ["OB", "OW"].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, "latin1");
  if (long) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

const short = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const text = (value: string): Buffer => Buffer.from(value.length % 2 === 0 ? value : `${value} `, "latin1");
const uid = (value: string): Buffer => Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, "latin1");

interface Grey {
  readonly photometric: string;
  readonly bits: 8 | 16;
  readonly stored: number;
}

const pixelHeader = (columns: number, rows: number, { photometric, bits, stored }: Grey): Buffer =>
  Buffer.concat([
    element(0x28, 2, "US", short(1)),
    element(0x28, 4, "CS", text(photometric)),
    element(0x28, 0x10, "US", short(rows)),
    element(0x28, 0x11, "US", short(columns)),
    element(0x28, 0x100, "US", short(bits)),
    element(0x28, 0x101, "US", short(stored)),
    element(0x28, 0x102, "US", short(stored - 1)),
    element(0x28, 0x103, "US", short(0)),
  ]);

/** `body` gets the elements of an 8-bit grey picture and gives what follows the first part of the file. */
export const dicom = (syntax: string, columns: number, rows: number, body: (header: Buffer) => Buffer): Uint8Array =>
  Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(2, 0x10, "UI", uid(syntax)),
    body(pixelHeader(columns, rows, { photometric: "MONOCHROME2", bits: 8, stored: 8 })),
  ]);

export interface DicomOptions {
  readonly columns: number;
  readonly photometric?: string;
  readonly stored?: number;
  readonly accession?: string;
  readonly instance?: string;
  readonly patient?: string;
  readonly window?: readonly [center: number, width: number];
}

/** A grey picture of 16-bit words. */
export function greyDicom(values: Uint16Array, options: DicomOptions): Uint8Array {
  const { columns, photometric = "MONOCHROME2", stored = 12, accession = "", instance = "1.2.3", patient = "", window } = options;
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(2, 0x10, "UI", uid("1.2.840.10008.1.2.1")),
    element(8, 0x18, "UI", uid(instance)),
    element(8, 0x50, "SH", text(accession)),
    element(0x10, 0x10, "PN", text(patient)),
    pixelHeader(columns, values.length / columns, { photometric, bits: 16, stored }),
    ...(window === undefined
      ? []
      : [element(0x28, 0x1050, "DS", text(String(window[0]))), element(0x28, 0x1051, "DS", text(String(window[1])))]),
    element(0x7fe0, 0x10, "OW", new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}

/** Pixels in one piece. */
export function encapsulated(stream: Uint8Array): Buffer {
  const item = (bytes: Uint8Array): Buffer => {
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const open = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  return Buffer.concat([open, item(new Uint8Array()), item(stream), Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])]);
}
