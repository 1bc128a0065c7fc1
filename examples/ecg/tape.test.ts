import { describe, expect, it } from "vitest";
import { CUT } from "./files.ts";
import { tapeOf, type CutBeat } from "./tape.ts";

/** A signal that never repeats within a record. */
const wave = (at: number): number => Math.round(60 * Math.sin(at / 7) + 50 * Math.sin(at / 191));
const cut = (mark: number): Int8Array => Int8Array.from({ length: CUT.points }, (_, at) => wave(mark - CUT.before + at));

/** As the data have beats at these points of a recording; `kept`: those that they do not leave out. */
const cutAt = (marks: readonly number[], kept: (at: number) => boolean = () => true): readonly CutBeat[] =>
  marks.flatMap((mark, at) => {
    const since = (to: number | undefined, from: number | undefined): number =>
      Math.round(1000 * (((to ?? 150) - (from ?? 0)) / CUT.rate)) / 1000;
    return kept(at) ? [{ points: cut(mark), previous: since(mark, marks[at - 1]), next: since(marks[at + 1], mark) }] : [];
  });

describe("beats on one tape", () => {
  const marks = [54, 174, 294, 364, 514, 634];
  const gap = [364 - CUT.before + CUT.points, 514 - CUT.before] as const;

  it("are the recording that they were cut from, with a straight line where it is in no cut", () => {
    const { signal, marks: found } = tapeOf(cutAt(marks));
    expect(found).toEqual(marks);
    signal.forEach((value, at) => {
      if (at < gap[0] || at >= gap[1]) expect(value, `point ${at}`).toBeCloseTo(wave(at), 9);
    });
    const [from, to] = [wave(gap[0] - 1), wave(gap[1])];
    expect(Math.abs((signal[gap[0] + 10] as number) - (from + ((to - from) * 11) / (gap[1] - gap[0] + 1)))).toBeLessThanOrEqual(0.5);
  });

  it("keep their times where one beat is left out between two", () => {
    const kept = tapeOf(cutAt(marks, (at) => at !== 2));
    expect(kept.marks).toEqual(marks.filter((_, at) => at !== 2));
  });

  it("say how early each comes, by the mean of the intervals before", () => {
    const { timing } = tapeOf(cutAt(marks));
    // Intervals 120, 120, 70, 150, 120.
    const expected = [
      0,
      0,
      0,
      100 * (70 / 120 - 1),
      100 * (150 / ((120 + 120 + 70) / 3) - 1),
      100 * (120 / ((120 + 120 + 70 + 150) / 4) - 1),
    ];
    marks.forEach((mark, at) => expect(timing[mark]).toBe(Math.round(expected[at] as number)));
  });
});
