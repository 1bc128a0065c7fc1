/** Where a histogram's bars stand. */
import type { SummaryMeasure } from "@engraft/core/models/summary/table";

export interface Bar {
  readonly text: string;
  readonly count: number;
  /** Of the plot's width and height, from 0 to 1. */
  readonly x: number;
  readonly width: number;
  readonly height: number;
  /** Holds patients without a value, or outside the range. */
  readonly apart: boolean;
}

/**
 * Cells that were joined are as wide as they are many and as high as one of them is on average, so that equal areas are equally many
 * patients. No value stands first, apart from the rest; what is empty and joined with nothing has no bar.
 */
export function barsOf(measure: SummaryMeasure): readonly Bar[] {
  const cells = (measure.cells ?? []).filter(({ count }) => count > 0);
  const slots = cells.reduce((sum, { at }) => sum + at.length, 0);
  const highest = Math.max(...cells.map(({ at, count }) => count / at.length));
  const last = measure.kind === "number" ? measure.edges.length + 1 : Number.POSITIVE_INFINITY;
  let from = 0;
  return cells.map(({ at, text, count }) => {
    const apart = at.includes(0) || (measure.kind === "number" && (at.includes(1) || at.includes(last)));
    const bar = { text, count, x: from / slots, width: at.length / slots, height: count / at.length / highest, apart };
    from += at.length;
    return bar;
  });
}
