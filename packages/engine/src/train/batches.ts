/** The order in which samples are trained on. */
import type { Samples } from "../data/samples.ts";
import { shuffle, type Random } from "../base/random.ts";
import type { TrainingState } from "./optimizer.ts";
import type { CompiledModel, SampleRows } from "./trainer.ts";

/**
 * An endless stream of rows: shuffled passes over all of them, one after the other. A batch that is taken from it may reach into the next
 * pass, so that every step has the same shape and no sample is favoured.
 */
export function orderOf(rows: number, random: Random): (count: number) => Int32Array {
  const order = Uint32Array.from({ length: rows }, (_, index) => index);
  let at = order.length;
  return (count) =>
    Int32Array.from({ length: count }, () => {
      if (at === order.length) {
        shuffle(order, random);
        at = 0;
      }
      return order[at++] as number;
    });
}

interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Copies rows into batches; `x` and `y` are reused: they hold until the next call. */
function copier({ x: all, width, y: labels, targets }: SampleRows, batch: number): (rows: Int32Array) => Batch {
  const x = new Float32Array(batch * width);
  const y = new Float32Array(batch * targets);
  return (rows) => {
    rows.forEach((row, slot) => {
      x.set(all.subarray(row * width, (row + 1) * width), slot * width);
      y.set(labels.subarray(row * targets, (row + 1) * targets), slot * targets);
    });
    return { x, y };
  };
}

/** The stream's batches of exactly `batch` samples, reused likewise. */
export function batchesOf(samples: Samples, batch: number, random: Random): () => Batch {
  const next = orderOf(samples.rows, random);
  const copied = copier(samples, batch);
  return () => copied(next(batch));
}

/** Updates in one call at most: training is stopped, and told of, between calls. */
export const AT_ONCE = 512;

/**
 * Takes updates on the stream's batches: gives a function that does up to so many, one where the engine does them one by one, and returns
 * how many and the sum of their losses.
 */
export function stepper(
  model: CompiledModel,
  samples: Samples,
  batch: number,
  random: Random,
): (most: number, state: TrainingState) => Promise<{ readonly count: number; readonly loss: number }> {
  const next = orderOf(samples.rows, random);
  const { steps } = model;
  if (steps === undefined) {
    const copied = copier(samples, batch);
    return async (_, state) => {
      const { x, y } = copied(next(batch));
      return { count: 1, loss: await model.step(x, y, state) };
    };
  }
  return async (most, state) => {
    const count = Math.min(most, AT_ONCE);
    const losses = await steps(samples, next(count * batch), state);
    return { count, loss: losses.reduce((sum, loss) => sum + loss, 0) };
  };
}
