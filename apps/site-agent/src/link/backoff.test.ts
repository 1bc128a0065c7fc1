import { expect, it } from "vitest";
import { backoff, failuresAfter, longestWait, pause } from "./backoff.ts";

it("[L1] waits by chance up to a bound that doubles with every failure, to 30 seconds", () => {
  expect([0, 1, 2, 7, 8, 1000].map((failures) => backoff(failures, () => 1))).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
  expect([0, 8].map((failures) => backoff(failures, () => 0))).toEqual([50, 50]);
  expect(backoff(8, () => 0.5)).toBe(15_025);
  expect(longestWait(() => 1)).toBe(30_000);
});

it("[L1] counts failures in a row: a link that held or carried something begins anew", () => {
  expect(failuresAfter(4, { heldMs: 4_000, bytes: 2_000 })).toBe(5);
  expect(failuresAfter(4, { heldMs: 6_000, bytes: 0 })).toBe(0);
  expect(failuresAfter(4, { heldMs: 500, bytes: 300_000 })).toBe(0);
});

it("a pause ends when the agent is stopped", async () => {
  const stop = new AbortController();
  const waiting = pause(3_600_000, stop.signal);
  stop.abort();
  await expect(waiting).resolves.toBeUndefined();
  await expect(pause(3_600_000, stop.signal)).resolves.toBeUndefined();
});
