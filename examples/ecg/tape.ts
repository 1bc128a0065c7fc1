/** A record's beats, which the data hold as single cuts, laid on one tape at the times that stand beside them. */
import { CUT } from "./files.ts";

export interface CutBeat {
  /** `CUT.points` of the signal around the beat's mark. */
  readonly points: Int8Array;
  /** Seconds from the beat before, and to the next one, whether or not the data have it. */
  readonly previous: number;
  readonly next: number;
}

export interface Tape {
  readonly signal: Int8Array;
  /**
   * How early each beat comes, as a lead of its own over the beat's cut: a hundredth for each percent that the interval before it is shorter
   * or longer than the last ten were on average.
   */
  readonly timing: Int8Array;
  /** Each beat's mark: a point of the signal. */
  readonly marks: readonly number[];
}

/** Times stand in milliseconds. */
const SAME_TIME = 0.0015;
/** Intervals that say what is usual. */
const MEMORY = 10;

/**
 * Where two cuts overlap they hold the same signal; the few points between two that do not are a straight line. One beat that the data
 * leave out lies between two whose times do not fit.
 */
export function tapeOf(beats: readonly CutBeat[]): Tape {
  let seconds = CUT.before / CUT.rate;
  const marks = beats.map(({ previous }, at) => {
    const { next = previous } = beats[at - 1] ?? {};
    if (at > 0) seconds += Math.abs(next - previous) < SAME_TIME ? previous : next + previous;
    return Math.round(seconds * CUT.rate);
  });
  const signal = new Int8Array((marks.at(-1) ?? 0) - CUT.before + CUT.points);
  const timing = new Int8Array(signal.length);
  const intervals = marks.map((mark, at) => mark - (marks[at - 1] ?? mark));
  let end = 0;
  for (const [at, { points }] of beats.entries()) {
    const start = (marks[at] as number) - CUT.before;
    const [from, to] = [signal[end - 1] ?? 0, points[0] ?? 0];
    for (let gap = end; gap < start; gap++) signal[gap] = Math.round(from + ((to - from) * (gap - end + 1)) / (start - end + 1));
    signal.set(points, start);
    const before = intervals.slice(Math.max(1, at - MEMORY), at);
    const usual = before.reduce((sum, interval) => sum + interval, 0) / before.length;
    const percent = before.length === 0 ? 0 : 100 * ((intervals[at] as number) / usual - 1);
    timing.fill(Math.round(Math.min(127, Math.max(-127, percent))), start, start + CUT.points);
    end = start + CUT.points;
  }
  return { signal, timing, marks };
}
