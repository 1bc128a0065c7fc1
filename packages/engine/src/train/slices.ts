/** A model's answers to any number of samples. */
import type { Samples } from "../data/samples.ts";

/** Samples in one forward pass: bounds memory, not results. */
const SLICE = 4096;

/** `forward` gives so many numbers for each row; all of them, row-major. */
export async function inSlices(
  { x, rows, width }: Pick<Samples, "x" | "rows" | "width">,
  forward: (x: Float32Array, rows: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < rows; from += SLICE) {
    const to = Math.min(from + SLICE, rows);
    parts.push(await forward(x.subarray(from * width, to * width), to - from));
  }
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) all.set(part, (at += part.length) - part.length);
  return all;
}
