import { openLog } from "@engraft/runtime/log";
import { expect, it } from "vitest";
import { Coordinator } from "../coordinator.fixture.ts";
import { DAY_MS, DAYS_SHOWN, dayOf, DOWN_MS, markOf, PATIENCE_MS, Uptime, UptimeBook } from "./uptime.ts";

const NOON = 20_000 * DAY_MS + DAY_MS / 2;
const MINUTE = 60_000;

/** Looks each minute, as the timer does. */
function pass(book: UptimeBook, from: number, to: number): number {
  for (let at = from; at < to; at += MINUTE) book.advance(Math.min(to, at + MINUTE));
  return to;
}

it("[J9] counts what it saw, cuts and the longest absence, each on its own day", () => {
  const book = new UptimeBook(NOON - PATIENCE_MS);
  book.enter("vienna", true, NOON);
  let at = pass(book, NOON, NOON + DAY_MS / 2 - 5 * MINUTE);
  book.enter("vienna", false, at);
  at = pass(book, at, NOON + DAY_MS / 2 + 20 * MINUTE);
  book.enter("vienna", true, at);
  pass(book, at, at + 10 * MINUTE);
  const [first, second] = [book.figures("vienna", dayOf(NOON)), book.figures("vienna", dayOf(NOON) + 1)];
  expect(first).toEqual({ seenMs: DAY_MS / 2, upMs: DAY_MS / 2 - 5 * MINUTE, cuts: 1, longestMs: 5 * MINUTE });
  expect(second).toEqual({ seenMs: 30 * MINUTE, upMs: 10 * MINUTE, cuts: 0, longestMs: 20 * MINUTE });
  expect(markOf(dayOf(NOON), first, 0)).toBe("c");
  expect(markOf(dayOf(NOON) + 1, second, 0)).toBe("d");
});

it("[J9] time in which the coordinator was away, asleep or had just started is nobody's", () => {
  const book = new UptimeBook(NOON);
  book.enter("graz", false, NOON);
  book.advance(NOON + PATIENCE_MS / 2);
  expect(book.figures("graz", dayOf(NOON))).toBeUndefined();
  book.enter("graz", true, NOON + PATIENCE_MS / 2);
  book.advance(NOON + PATIENCE_MS);
  // The machine slept for three hours.
  book.advance(NOON + PATIENCE_MS + 3 * 3_600_000);
  expect(book.figures("graz", dayOf(NOON))).toEqual({ seenMs: PATIENCE_MS / 2, upMs: PATIENCE_MS / 2, cuts: 0, longestMs: 0 });
  const day = { seenMs: 5, upMs: 5, cuts: 0, longestMs: 0 };
  expect([markOf(7, day, 8 * DAY_MS), markOf(9, undefined, 8 * DAY_MS), markOf(9, day, 8 * DAY_MS)].join("")).toBe("nxu");
  expect(markOf(9, { ...day, upMs: 1, longestMs: DOWN_MS }, 0)).toBe("d");
});

it("[J9] counts no more of a site that has gone, whatever is still heard of its link", () => {
  const book = new UptimeBook(NOON - PATIENCE_MS);
  book.enter("graz", true, NOON);
  const at = pass(book, NOON, NOON + 10 * MINUTE);
  book.leave("graz", at);
  book.enter("graz", false, at + 1);
  pass(book, at, at + 30 * MINUTE);
  expect(book.figures("graz", dayOf(NOON))).toEqual({ seenMs: 10 * MINUTE, upMs: 10 * MINUTE, cuts: 0, longestMs: 0 });
});

it("[J9] survives a restart, and lets go of what is older than 40 days", async () => {
  const coordinator = await Coordinator.start();
  try {
    await coordinator.enrol("vienna");
    const { store } = coordinator.app;
    let now = NOON;
    const log = openLog("test", "silent");
    const before = await Uptime.load(store, log, () => now);
    before.enter("vienna", true);
    for (let minute = 0; minute < 30; minute++) {
      now += MINUTE;
      await before.write();
    }
    await before.close();
    const joined = NOON - 5 * DAY_MS;
    const after = await Uptime.load(store, log, () => now);
    expect(after.view("vienna", joined)).toEqual({ days: `${"n".repeat(DAYS_SHOWN - 6)}xxxxxu`, percent: 100 });
    expect(after.days("vienna").at(-1)).toEqual({ day: 20_000 * DAY_MS, seenMs: 30 * MINUTE, upMs: 30 * MINUTE, cuts: 0, longestMs: 0 });
    now += 41 * DAY_MS;
    await after.close();
    expect(await store.prisma.siteDay.count({ where: { site: "vienna", day: new Date(20_000 * DAY_MS) } })).toBe(0);
  } finally {
    await coordinator.remove();
  }
});
