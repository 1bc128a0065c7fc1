import { expect, it } from "vitest";
import { speedFinding } from "./speed.ts";

const heavy = { plan: "lung 3", downBytes: 400e6, upBytes: 100e6, deadlineSeconds: 3600 };
const light = { plan: "heart 1", downBytes: 4e6, upBytes: 1e6, deadlineSeconds: 60 };

it("a line is slow where a plan's transfers take more than half its deadline, and the hardest plan is named", () => {
  const needed = 500e6 / 1800;
  expect(speedFinding(needed + 1, [light, heavy]).level).toBe("ok");
  const finding = speedFinding(needed - 1, [light, heavy]);
  expect(finding).toMatchObject({ level: "warning", code: "slow-line" });
  expect(finding.text).toContain("lung 3 moves 500 MB, which takes 31 min of the 60 min");
});

it("without plans there is only the figure", () => {
  expect(speedFinding(12.5e6, [])).toMatchObject({ level: "ok", text: expect.stringContaining("13 MB/s") as string });
});
