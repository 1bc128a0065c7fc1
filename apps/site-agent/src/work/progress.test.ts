import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RunId } from "@engraft/core/base/ids";
import type { Progress } from "@engraft/core/protocol/messages";
import { ProgressReports } from "./progress.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (done: number): Progress => ({ run: "tiny-head.1" as RunId, round: 1, phase: "train", done, total: 100 });

it("sends the newest report four times a second at most", () => {
  const sent: Progress[] = [];
  const reports = new ProgressReports((progress) => sent.push(progress));
  for (let done = 1; done <= 100; done++) {
    reports.report(at(done));
    vi.advanceTimersByTime(10);
  }
  expect(sent.map(({ done }) => done)).toEqual([25, 50, 75, 100]);
});

it("says when what it told of is over, and says nothing about a step that was over at once", () => {
  const sent: Progress[] = [];
  const reports = new ProgressReports((progress) => sent.push(progress));
  reports.report(at(1));
  vi.advanceTimersByTime(100);
  reports.clear();
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([]);
  reports.report(at(2));
  vi.advanceTimersByTime(250);
  reports.clear();
  reports.clear();
  expect(sent.map(({ phase, done }) => [phase, done])).toEqual([
    ["train", 2],
    ["wait", 0],
  ]);
});
