import { expect, it } from "vitest";
import { backoff, longestWait, pause } from "./backoff.ts";

it("waits from 0.1 to 30 seconds, longer with every failure, half of it by chance", () => {
  expect([0, 1, 2, 7, 8, 1000].map((failures) => backoff(failures, () => 0))).toEqual([100, 200, 400, 12_800, 15_000, 15_000]);
  expect([0, 8].map((failures) => backoff(failures, () => 1))).toEqual([200, 30_000]);
  expect(longestWait(() => 1)).toBe(30_000);
});

it("a pause ends when the agent is stopped", async () => {
  const stop = new AbortController();
  const waiting = pause(3_600_000, stop.signal);
  stop.abort();
  await expect(waiting).resolves.toBeUndefined();
  await expect(pause(3_600_000, stop.signal)).resolves.toBeUndefined();
});
