import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TIMED_PHASES, Timings, type TimedStep } from "../protocol/timings.ts";
import { laneBars, laneNotes, lastPhase, type Timed } from "./lanes.ts";

const OPENED = 1_800_000_000_000;

const timed = (steps: readonly TimedStep[], offsetMs = 0, life = 1): Timed => ({
  timings: { life, at: OPENED, steps: [...steps], notes: [] },
  offsetMs,
});
const step = (phase: TimedStep["phase"], from: number, to: number | null, bytes: number | null = null): TimedStep => ({
  phase,
  from: OPENED + from,
  to: to === null ? null : OPENED + to,
  bytes,
  moved: bytes,
  attempt: null,
});
const still = { bytes: null, moved: null, attempt: null, going: false, died: false };

describe("a site's lane", () => {
  it("is what the site signed, on the coordinator's clock, with its waiting between", () => {
    const skewed = timed([step("download", 7_000, 8_000, 400), step("train", 9_000, null)], 6_000);
    const bars = laneBars([skewed], OPENED, 5_000, false);
    expect(bars).toEqual([
      { ...still, phase: "wait", from: 0, to: 1_000 },
      { ...still, phase: "download", from: 1_000, to: 2_000, bytes: 400, moved: 400 },
      { ...still, phase: "wait", from: 2_000, to: 3_000 },
      { ...still, phase: "train", from: 3_000, to: 5_000, going: true },
    ]);
    expect(lastPhase(bars)).toBe("train");
  });

  it("[C3] keeps the bar in which a process was killed, as far as the next one's beginning, and marks it", () => {
    // Clocks need not agree even between two processes of one site.
    const killed = timed([step("train", 5_100, null)], 5_000, OPENED + 5_000);
    const next = timed([step("train", 10_900, 11_500)], 10_000, OPENED + 10_700);
    expect(laneBars([next, killed], OPENED, 2_000, true).map(({ phase, from, to, died }) => [phase, from, to, died])).toEqual([
      ["wait", 0, 100, false],
      ["train", 100, 700, true],
      ["wait", 700, 900, false],
      ["train", 900, 1_500, false],
    ]);
  });

  it("[C3] ends that bar where the link was lost, where the process could still note it", () => {
    const notes = [{ at: OPENED + 400, kind: "link-lost" as const, code: "link-lost" as const, offset: null }];
    const alone = timed([step("upload", 100, null, 900)], 0, OPENED);
    const lost: Timed = { ...alone, timings: { ...alone.timings, notes } };
    const next = timed([], 0, OPENED + 1_000);
    expect(laneBars([lost, next], OPENED, 2_000, true)[1]).toMatchObject({ phase: "upload", from: 100, to: 400, died: true });
    const back = { at: OPENED + 500, kind: "link-back" as const, code: null, offset: null };
    const again: Timed = { ...alone, timings: { ...alone.timings, notes: [...notes, back] } };
    expect(laneBars([again, next], OPENED, 2_000, true)[1]).toMatchObject({ to: 1_000, died: true });
  });

  const anyStep = fc.record({
    phase: fc.constantFrom(...TIMED_PHASES),
    from: fc.integer({ min: OPENED - 100_000, max: OPENED + 100_000 }),
    to: fc.option(fc.integer({ min: OPENED - 100_000, max: OPENED + 100_000 })),
    bytes: fc.constant(null),
    moved: fc.constant(null),
    attempt: fc.constant(null),
  });

  it("[C2] bars never overlap, never leave the round and keep the site's order, whatever its clock says", () => {
    const anyTimed = fc.record({
      timings: fc.record({
        life: fc.integer({ min: 0, max: 5 }),
        at: fc.constant(OPENED),
        steps: fc.array(anyStep, { maxLength: 8 }),
        notes: fc.constant([] as Timed["timings"]["notes"]),
      }),
      offsetMs: fc.integer({ min: -1e9, max: 1e9 }),
    });
    fc.assert(
      fc.property(fc.array(anyTimed, { maxLength: 4 }), fc.integer({ min: 0, max: 50_000 }), fc.boolean(), (all, end, over) => {
        const bars = laneBars(all, OPENED, end, over);
        let reached = 0;
        for (const { from, to } of bars) {
          expect(from).toBeGreaterThanOrEqual(reached);
          expect(to).toBeGreaterThanOrEqual(from);
          expect(to).toBeLessThanOrEqual(end);
          reached = to;
        }
        expect(bars.filter(({ going }) => going).length).toBeLessThanOrEqual(over ? 0 : 1);
      }),
    );
  });

  it("[C1] a message whose steps overlap or leave one open before the last is refused", () => {
    const message = (steps: readonly TimedStep[]) =>
      Timings.safeParse({ run: "heart.1", round: 1, life: OPENED, at: OPENED, steps, notes: [] }).success;
    expect(message([step("download", 0, 10), step("train", 10, null)])).toBe(true);
    expect(message([step("download", 0, 10), step("train", 5, 20)])).toBe(false);
    expect(message([step("download", 0, null), step("train", 5, 20)])).toBe(false);
    expect(message([step("download", 10, 0)])).toBe(false);
    expect(message(Array.from({ length: 61 }, (_, at) => step("train", at, at)))).toBe(false);
  });

  it("notes stand in the round, in order of time", () => {
    const noted = {
      ...timed([]),
      timings: {
        life: 1,
        at: OPENED,
        steps: [],
        notes: [
          { at: OPENED + 99_000, kind: "link-back" as const, code: null, offset: null },
          { at: OPENED + 10, kind: "link-lost" as const, code: "link-lost" as const, offset: null },
        ],
      },
    };
    expect(laneNotes([noted], OPENED, 1_000).map(({ kind, at }) => [kind, at])).toEqual([
      ["link-lost", 10],
      ["link-back", 1_000],
    ]);
  });
});
