/** Running statistics of batch normalisation: they follow the batches, not a gradient; the same for every engine. */

/** How much a batch counts: PyTorch's default. */
const MOMENTUM = 0.1;

/** Where running statistics are after a batch, in place. */
export function follow(running: Float32Array, batch: ArrayLike<number>): void {
  for (let at = 0; at < running.length; at++) running[at] = (1 - MOMENTUM) * (running[at] as number) + MOMENTUM * (batch[at] as number);
}
