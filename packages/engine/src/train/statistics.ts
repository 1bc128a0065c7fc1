/** Running statistics of batch normalisation: they follow the batches, not a gradient; the same for every engine. */

/** How much a batch counts: PyTorch's default. */
const MOMENTUM = 0.1;

/**
 * Running statistics after a batch, by their places in `parameters`; `batch` holds the batch's by the name of the running one. The optimizer's
 * update must not reach them: its decay would, so they are worked out before it and set after it.
 */
export function followed(
  parameters: Float32Array,
  offsets: ReadonlyMap<string, number>,
  batch: ReadonlyMap<string, Float32Array>,
): readonly (readonly [number, Float32Array])[] {
  return [...batch].map(([name, values]) => {
    const from = offsets.get(name) as number;
    const running = parameters.subarray(from, from + values.length);
    return [from, running.map((value, index) => (1 - MOMENTUM) * value + MOMENTUM * (values[index] as number))] as const;
  });
}
