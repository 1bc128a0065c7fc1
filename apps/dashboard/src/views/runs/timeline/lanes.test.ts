import type { TimingView } from "@engraft/coordinator/api/timing-views";
import type { TimedStep } from "@engraft/core/protocol/timings";
import type { RoundView } from "@engraft/core/rounds/view";
import { describe, expect, it } from "vitest";
import { Attempt, viewOf } from "../secure/sums.fixture.ts";
import { maskedQuorumAt, roundMark } from "../timeline.ts";
import { isEarlier, laneWords, siteLane, type SiteNow } from "./lanes.ts";
import { timelineWords } from "./words.ts";

const words = timelineWords.en;
const HERE: SiteNow = { online: true, lastSeen: null };
const roundOf = (...attempts: readonly Attempt[]): RoundView => {
  const [round] = viewOf(...attempts).rounds;
  if (round === undefined) throw new Error("the fixture has a round");
  return round;
};
const step = (phase: TimedStep["phase"], from: number, to: number | null, attempt = 1): TimedStep => ({
  phase,
  from,
  to,
  bytes: phase === "upload" ? 1_000 : null,
  moved: phase === "upload" ? 250 : null,
  attempt,
});
const signed = (site: string, steps: readonly TimedStep[], life = 0): TimingView => ({
  run: "heart.1",
  round: 1,
  site,
  offsetMs: 0,
  timings: { life, at: life + 1, steps: [...steps], notes: [] },
});
const laneIn = (round: RoundView, timed: readonly TimingView[], here: SiteNow = HERE, now = 5_000) =>
  siteLane({ round, site: timed[0]?.site ?? "", timed, working: undefined, here, now }, words);

describe("a lane of a secure round", () => {
  const opened = new Attempt(1).keys("a", "b", "c", "d").roster("a", "b", "c", "d").shares("a", "b", "c", "d").dealt("a", "b", "c", "d");
  opened.masked("a", "b", "c").fixed("a", "b", "c").echoes("a", "b", "c").releases("a", "b", "c").sum({}, "a", "b", "c");
  const closed = roundOf(opened);

  it("[C3] keeps the failed bar and the phase of a site that was lost behind the masks after the sum was opened", () => {
    const lost = laneIn(closed, [signed("d", [step("train", 1_002, 1_004), step("upload", 1_006, null)])], {
      online: false,
      lastSeen: 1_008,
    });
    expect(lost).toMatchObject({ tone: "text-bad", words: "failed in upload" });
    expect(lost.bars.at(-1)).toMatchObject({ kind: "failed", lostIn: "upload", from: 1_008 - closed.openedAt });
    expect(laneWords(lost, words)).toContain("failed in upload");
    expect(laneIn(closed, [signed("a", [step("train", 1_002, 1_004)])])).toMatchObject({ tone: "text-accent", words: "in the sum" });
  });

  it("[C3] keeps the bar a site died in although it came back, and how much of its upload had left", () => {
    const back = laneIn(closed, [signed("a", [step("upload", 1_002, null)], 1_000), signed("a", [step("upload", 1_008, 1_010)], 1_006)]);
    expect(back.words).toBe("in the sum");
    expect(back.bars.map(({ kind, from, to }) => [kind, from + closed.openedAt, to + closed.openedAt])).toEqual([
      ["wait", 1_001, 1_002],
      ["upload", 1_002, 1_006],
      ["failed", 1_006, 1_006],
      ["wait", 1_006, 1_008],
      ["upload", 1_008, 1_010],
    ]);
    expect(back.bars[1]).toMatchObject({ died: true, moved: 250, bytes: 1_000 });
  });

  it("marks bars of an attempt that was given up", () => {
    const twice = roundOf(new Attempt(1).keys("a", "b").fails(["c", "d"]), new Attempt(1, 2, "train", 3_000).keys("a"));
    const lane = laneIn(twice, [signed("a", [step("train", 1_002, 1_500, 1), step("train", 3_001, null, 2)])]);
    expect(lane.bars.filter(({ kind }) => kind === "train").map((bar) => isEarlier(bar, lane))).toEqual([true, false]);
  });

  it("says when as many masked updates as a sum needs were in", () => {
    const attempt = closed.attempts[0];
    expect(maskedQuorumAt(closed, 3)).toBe((attempt?.maskedAt[2] ?? 0) - closed.openedAt);
    expect(maskedQuorumAt(closed, 4)).toBeUndefined();
  });

  it("is marked in the strip by the slowest phase where its times are known, and by its sum where they are not", () => {
    expect(roundMark(closed, 9_000)).toMatchObject({ look: "sum", sum: "sum" });
    const timed = [signed("a", [step("mask", 1_000, 1_900)]), signed("b", [step("train", 1_000, 1_300), step("train", 1_400, 1_700)])];
    expect(roundMark(closed, 9_000, timed)).toMatchObject({ look: "mask", sum: "sum" });
  });
});
