import { runView } from "@engraft/core/rounds/view";
import { describe, expect, it } from "vitest";
import { CLOSED_WITHOUT_B, TWO_ROUNDS } from "./run.fixture.ts";
import { laneOf, quorumAt, roundMark, ticksOf } from "./timeline.ts";

const rounds = runView(TWO_ROUNDS)?.rounds ?? [];
const [first, second] = rounds;
const closedSecond = runView([...TWO_ROUNDS, ...CLOSED_WITHOUT_B])?.rounds[1];
if (first === undefined || second === undefined || closedSecond === undefined) throw new Error("the fixture has two rounds");

describe("a lane", () => {
  it("of a site that is in splits its time by its own seconds", () => {
    expect(laneOf(first, "a", undefined, true, 5000).bars).toEqual([
      { kind: "download", from: 0, to: 500, going: false },
      { kind: "train", from: 500, to: 1500, going: false },
      { kind: "upload", from: 1500, to: 2000, going: false },
    ]);
  });

  it("never reaches beyond the moment of the answer, even where a site's seconds add up to more", () => {
    const answers = first.answers.map((answer) => ({ ...answer, seconds: { fetch: 10, train: 30 } }));
    const { bars } = laneOf({ ...first, answers }, "a", undefined, true, 5000);
    expect(Math.max(...bars.map((bar) => bar.to))).toBe(2000);
  });

  it("of a site at work shows what was heard, and a gap for what was not", () => {
    const newest = { site: "b", run: "heart-head.1", round: 2, phase: "train" as const, done: 3, total: 4, at: 7500 };
    const lane = laneOf(second, "b", { newest, steps: [{ phase: "train", from: 7000 }] }, true, 8000);
    expect(lane.bars).toEqual([
      { kind: "unseen", from: 0, to: 1000, going: false },
      { kind: "train", from: 1000, to: 2000, going: true },
    ]);
    expect(lane.state).toEqual({ tone: "", words: "train, 75 %", more: "under way" });
  });

  it("tells a dropped site, a late one, an offline one and a silent one apart", () => {
    expect(laneOf(closedSecond, "b", undefined, true, 9000).state).toEqual({
      tone: "text-bad",
      words: "dropped at 3.0 s",
      more: "training-failed",
    });
    expect(laneOf({ ...closedSecond, dropped: [] }, "b", undefined, true, 9000).state.words).toBe("not in");
    expect(laneOf(second, "b", undefined, false, 8000).state.words).toBe("offline");
    expect(laneOf(second, "b", undefined, true, 8000).state.words).toBe("asked");
  });
});

it("the quorum line stands where the smallest number of sites was in", () => {
  expect(quorumAt(first, 2)).toBe(4000);
  expect(quorumAt(second, 2)).toBeUndefined();
});

it("a round is marked by the slowest phase of its last site; an open one is not", () => {
  expect(roundMark(first, 9000)).toEqual({ length: 4000, look: "train", sum: null });
  expect(roundMark(second, 9000)).toEqual({ length: 3000, look: "live", sum: null });
});

it.each([40, 700, 12_000, 3_600_000, 604_800_000])("an axis of %i ms has a few ticks at round figures", (length) => {
  const ticks = ticksOf(length);
  expect(ticks.length).toBeGreaterThanOrEqual(1);
  expect(ticks.length).toBeLessThanOrEqual(7);
  expect(ticks.at(-1) ?? 0).toBeLessThanOrEqual(length);
});
