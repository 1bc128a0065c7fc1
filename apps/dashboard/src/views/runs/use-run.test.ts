import type { LiveItem, RunDetail } from "@engraft/coordinator/api/views";
import { expect, it } from "vitest";
import { CLOSED_WITHOUT_B, TWO_ROUNDS } from "./run.fixture.ts";
import { NOTHING, withChange, type RunNow } from "./use-run.ts";

const stored = TWO_ROUNDS.map((event, index) => ({ seq: 10 + 3 * index, event }));
const detail = { run: "heart-head.1", events: stored, refusals: [] } as unknown as RunDetail;
const loaded = withChange(NOTHING, { load: detail });
const live = (seq: number, index = 0, run = "heart-head.1"): LiveItem => ({
  kind: "event",
  seq,
  run,
  event: CLOSED_WITHOUT_B[index] ?? { type: "run.finished", at: 0 },
});
const after = (now: RunNow, ...items: readonly LiveItem[]): RunNow => items.reduce((state, item) => withChange(state, { item }), now);

it("folds what was stored, then what comes in", () => {
  expect(loaded.view?.rounds.map((round) => round.answers.length)).toEqual([2, 1]);
  const now = after(loaded, live(100), live(101, 1));
  expect(now.view?.rounds.at(-1)?.dropped.map(({ site }) => site)).toEqual(["b"]);
  expect(now.view?.phase).toBe("combining");
});

it("counts no event twice: not one sent again after a reconnect, not one of a second load", () => {
  const now = after(loaded, live(100));
  expect(after(now, live(100))).toBe(now);
  expect(after(now, live(13))).toBe(now);
  const again = withChange(now, {
    load: { ...detail, events: [...stored, { seq: 100, event: TWO_ROUNDS[0] ?? { type: "run.finished", at: 0 } }] },
  });
  expect(again.view).toEqual(now.view);
});

it("leaves another run's events, and events before the first load, alone", () => {
  expect(after(loaded, live(100, 0, "other.1"))).toBe(loaded);
  expect(after(NOTHING, live(100))).toBe(NOTHING);
});

it("starts anew when the page shows another run", () => {
  const other = withChange(loaded, {
    load: { ...detail, run: "other.1", events: stored.slice(0, 2).map(({ event }, index) => ({ seq: index + 1, event })) },
  });
  expect(other.view?.rounds).toHaveLength(1);
  expect(other.seq).toBe(2);
});

it("keeps when each phase of a site was first heard of, and forgets it with the round", () => {
  const progress = (round: number, phase: "download" | "train", at: number): LiveItem => ({
    kind: "progress",
    progress: { site: "b", run: "heart-head.1", round, phase, done: 1, total: 2, at },
  });
  const now = after(loaded, progress(2, "download", 6100), progress(2, "train", 6500), progress(2, "train", 7000));
  expect(now.working.get("b")?.steps).toEqual([
    { phase: "download", from: 6100 },
    { phase: "train", from: 6500 },
  ]);
  expect(after(now, progress(3, "download", 9900)).working.get("b")?.steps).toEqual([{ phase: "download", from: 9900 }]);
});

it("keeps what sites signed by round, the newest of each process, and of the newest rounds alone", () => {
  const timing = (round: number, at: number, life = 1): LiveItem => ({
    kind: "timing",
    timing: { run: "heart-head.1", round, site: "b", offsetMs: 0, timings: { life, at, steps: [], notes: [] } },
  });
  const now = after(loaded, timing(1, 5), timing(2, 6), timing(2, 7), timing(2, 8, 6));
  expect([...now.timed].map(([round, each]) => [round, each.map(({ timings }) => timings.at)])).toEqual([
    [1, [5]],
    [2, [7, 8]],
  ]);
  const long = after(now, ...Array.from({ length: 60 }, (_, index) => timing(3 + index, 9)));
  expect(long.timed.has(2)).toBe(false);
  expect(long.timed.has(62)).toBe(true);
});
