/** Bilinear resizing in floating point, with a support that grows when a picture shrinks, so that no pixel is left out (as Pillow does it). */

interface Taps {
  /** First pixel that counts for each new one, and the weights from there on. */
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/** `from` to `to` (exclusive, may be fractions) of an axis become `length` pixels. */
function tapsOf(size: number, from: number, to: number, length: number): Taps {
  const scale = (to - from) / length;
  const support = Math.max(scale, 1);
  const first = new Int32Array(length);
  const weights = Array.from({ length }, (_, at) => {
    const center = from + (at + 0.5) * scale;
    const start = Math.max(0, Math.floor(center - support + 0.5));
    const end = Math.min(size, Math.floor(center + support + 0.5));
    const some = Float64Array.from({ length: Math.max(1, end - start) }, (_, tap) =>
      Math.max(0, 1 - Math.abs(start + tap + 0.5 - center) / support),
    );
    const sum = some.reduce((total, weight) => total + weight, 0);
    first[at] = Math.min(start, size - 1);
    return some.map((weight) => (sum === 0 ? 1 / some.length : weight / sum));
  });
  return { first, weights };
}

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** Part of a plane, in pixels; the whole by default. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** One channel, row by row. */
export function resized({ width, height, values }: Plane, toWidth: number, toHeight: number, box?: Box): Float32Array {
  const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: width, bottom: height };
  const [across, down] = [tapsOf(width, left, right, toWidth), tapsOf(height, top, bottom, toHeight)];
  const narrow = new Float64Array(toWidth * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < toWidth; column++) {
      const taps = across.weights[column] as Float64Array;
      const start = row * width + (across.first[column] as number);
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += (taps[tap] as number) * (values[start + tap] as number);
      narrow[row * toWidth + column] = sum;
    }
  }
  const result = new Float32Array(toWidth * toHeight);
  for (let row = 0; row < toHeight; row++) {
    const taps = down.weights[row] as Float64Array;
    const start = down.first[row] as number;
    for (let column = 0; column < toWidth; column++) {
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += (taps[tap] as number) * (narrow[(start + tap) * toWidth + column] as number);
      result[row * toWidth + column] = sum;
    }
  }
  return result;
}
