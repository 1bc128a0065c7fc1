/** Rows of a time to an event, by time. */

/** Rows by time, latest first, with what does not change from resample to resample. */
export interface Risks {
  readonly rows: Uint32Array;
  readonly times: Float64Array;
  readonly events: Uint8Array;
  readonly risks: Float64Array;
  /** Rank of each risk among the different ones, from below. */
  readonly ranks: Uint32Array;
  readonly different: number;
}

export function byTime(predictions: ArrayLike<number>, y: ArrayLike<number>): Risks {
  const order = Uint32Array.from({ length: predictions.length }, (_, row) => row).sort(
    (a, b) => (y[2 * b] as number) - (y[2 * a] as number),
  );
  const distinct = [...new Set(Array.from(predictions))].toSorted((a, b) => a - b);
  const rankOf = new Map(distinct.map((risk, rank) => [risk, rank]));
  return {
    rows: order,
    times: Float64Array.from(order, (row) => y[2 * row] as number),
    events: Uint8Array.from(order, (row) => y[2 * row + 1] as number),
    risks: Float64Array.from(order, (row) => predictions[row] as number),
    ranks: Uint32Array.from(order, (row) => rankOf.get(predictions[row] as number) as number),
    different: distinct.length,
  };
}

/** Calls `each` with the bounds of every run of equal times, latest first. */
export function overTimes({ times }: Risks, each: (from: number, to: number) => void): void {
  for (let from = 0, to = 0; from < times.length; from = to) {
    while (to < times.length && times[to] === times[from]) to++;
    each(from, to);
  }
}
