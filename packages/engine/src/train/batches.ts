/** The order in which samples are trained on. */
import type { Samples } from "../data/samples.ts";
import { shuffle, type Random } from "../base/random.ts";

/**
 * An endless stream of batches of exactly `batch` samples: shuffled passes over all samples, one after the other, cut into
 * batches. A batch may reach into the next pass, so that every step has the same shape and no sample is favoured.
 * `x` and `y` are reused: they hold until the next call.
 */
export function batchesOf(samples: Samples, batch: number, random: Random): () => { readonly x: Float32Array; readonly y: Float32Array } {
  const order = Uint32Array.from({ length: samples.rows }, (_, index) => index);
  const x = new Float32Array(batch * samples.width);
  const y = new Float32Array(batch * samples.targets);
  let at = order.length;
  return () => {
    for (let slot = 0; slot < batch; slot++) {
      if (at === order.length) {
        shuffle(order, random);
        at = 0;
      }
      const row = order[at++] as number;
      x.set(samples.x.subarray(row * samples.width, (row + 1) * samples.width), slot * samples.width);
      y.set(samples.y.subarray(row * samples.targets, (row + 1) * samples.targets), slot * samples.targets);
    }
    return { x, y };
  };
}
