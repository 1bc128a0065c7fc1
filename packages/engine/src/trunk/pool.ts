/** How a trunk's output becomes a sample's features. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Trunk } from "@engraft/core/models/manifest";

type Pool = Trunk["output"]["pool"];

/**
 * `values` has the shape `dims`, whose first dimension is the sample (`rows` of them). none: [N, F], or more dimensions laid flat;
 * mean-over-space: [N, C, ...] -> C; mean-over-tokens and first-token: [N, T, D] -> D. Throws `bad-input` for another shape.
 */
export function pooled(values: Float32Array, dims: readonly number[], rows: number, pool: Pool): Float32Array {
  const wrong = (wanted: string): EngraftError =>
    new EngraftError("bad-input", `The trunk's output has the shape ${dims.join(" x ")}; pooling "${pool}" needs ${wanted}.`);
  if (dims[0] !== rows) throw wrong(`${rows} samples first`);
  if (pool === "none") return Float32Array.from(values);
  if (pool === "mean-over-space") {
    const [, channels = 0, ...space] = dims;
    if (space.length === 0) throw wrong("channels and at least one dimension of space");
    return meansOf(
      values,
      rows * channels,
      space.reduce((product, dimension) => product * dimension, 1),
    );
  }
  const [, tokens = 0, width = 0, ...more] = dims;
  if (dims.length !== 3 || more.length > 0) throw wrong("samples, tokens and features");
  const result = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let token = 0; token < (pool === "first-token" ? 1 : tokens); token++) {
      const from = (row * tokens + token) * width;
      for (let at = 0; at < width; at++) result[row * width + at] = (result[row * width + at] as number) + (values[from + at] as number);
    }
  }
  if (pool === "mean-over-tokens") for (let at = 0; at < result.length; at++) result[at] = (result[at] as number) / tokens;
  return result;
}

/** The means of `count` consecutive runs of `length` values. */
function meansOf(values: Float32Array, count: number, length: number): Float32Array {
  const means = new Float32Array(count);
  for (let run = 0; run < count; run++) {
    let sum = 0;
    for (let at = run * length; at < (run + 1) * length; at++) sum += values[at] as number;
    means[run] = sum / length;
  }
  return means;
}
