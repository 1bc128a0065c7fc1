/** Real numbers of other people's files, little-endian, as float32. */

export type FloatType = "F32" | "F16" | "BF16" | "F64";

export const FLOAT_WIDTHS: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8 };

/** `length` numbers from the start of `data`, which must hold as many. */
export function readFloats(data: Uint8Array, type: FloatType, length: number): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read: Readonly<Record<FloatType, (index: number) => number>> = {
    F32: (index) => view.getFloat32(4 * index, true),
    F64: (index) => view.getFloat64(8 * index, true),
    F16: (index) => half(view.getUint16(2 * index, true)),
    BF16: (index) => bfloat(view.getUint16(2 * index, true)),
  };
  const one = read[type];
  const values = new Float32Array(length);
  for (let index = 0; index < length; index++) values[index] = one(index);
  return values;
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));
/** The upper half of a float32. */
function bfloat(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
