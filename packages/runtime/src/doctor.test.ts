import { EngraftError } from "@engraft/core/base/errors";
import { expect, it } from "vitest";
import { clockFinding, memoryFinding, nodeFinding } from "./doctor-checks.ts";
import { findingLines, lookAtAll, ok, problem, reportOf, summaryLine, warning, type Check, type Finding } from "./doctor.ts";

const check = (name: string, finding: Finding, needs: readonly string[] = []): Check => ({
  name,
  title: name.toUpperCase(),
  needs,
  look: async () => finding,
});

it("what rests on a problem is not looked at, and names the first one; what rests on a warning is", async () => {
  const looked = await lookAtAll([
    check("a", problem("a-wrong", "Wrong.", "Mend it.")),
    check("b", ok("fine"), ["a"]),
    check("c", ok("fine"), ["b"]),
    check("d", warning("d-odd", "Odd.", "Look at it.")),
    check("e", ok("fine"), ["d"]),
  ]);
  expect(looked.map(({ level }) => level)).toEqual(["problem", "skipped", "skipped", "warning", "ok"]);
  expect(looked[2]?.text).toBe('Not looked at: "A" comes first.');
  const report = reportOf(looked);
  expect(report).toMatchObject({ ok: false, problems: 1, warnings: 1 });
  expect(summaryLine(report)).toBe("1 problem, 1 warning.");
});

it("a check that throws is a problem and does not keep the others from being looked at", async () => {
  const faulty = (error: Error): Check => ({ name: "x", title: "X", look: () => Promise.reject(error) });
  const looked = await lookAtAll([faulty(new EngraftError("locked", "Held.")), faulty(new TypeError("oops")), check("y", ok("fine"))]);
  expect(looked.map(({ code }) => code)).toEqual(["locked", "check-failed", "ok"]);
  expect(reportOf(looked).ok).toBe(false);
});

it("one check may find several things", async () => {
  const several: Check = { name: "s", title: "S", look: async () => [ok("one"), warning("w", "two", "Do.")] };
  expect((await lookAtAll([several])).map(({ check: of, code }) => [of, code])).toEqual([
    ["s", "ok"],
    ["s", "w"],
  ]);
});

it("a line has what was found, its code and the next step", () => {
  const [line = "", next = ""] = findingLines({ check: "c", title: "Clock", ...warning("clock-off", "Off.", "Set it.") }).split("\n");
  expect(line).toMatch(/^WARNING +Clock +Off\. \(clock-off\)$/);
  expect(next).toMatch(/^ +Next: Set it\.$/);
});

it.each([
  ["v20.18.3", "problem"],
  ["v20.19.0", "ok"],
  ["v21.7.0", "problem"],
  ["v22.11.0", "problem"],
  ["v22.12.0", "ok"],
  ["v23.4.0", "problem"],
  ["v24.0.0", "ok"],
  ["v26.1.0", "ok"],
])("Node %s: %s", (version, level) => {
  expect(nodeFinding(version).level).toBe(level);
});

it.each([
  [0, "ok"],
  [-60_000, "ok"],
  [60_001, "warning"],
  [-300_000, "warning"],
  [300_001, "problem"],
  [-3_600_000, "problem"],
])("a clock that differs by %d ms: %s", (skew, level) => {
  expect(clockFinding(skew, "the other").level).toBe(level);
});

it("says which way a clock is off", () => {
  expect(clockFinding(3_600_000, "the other").text).toContain("3600 s behind the other");
  expect(clockFinding(-3_600_000, "the other").text).toContain("3600 s ahead of the other");
});

it("memory is low where the largest model does not fit", () => {
  expect(memoryFinding(2 ** 30, 2 ** 29).level).toBe("ok");
  expect(memoryFinding(2 ** 30, 2 ** 31)).toMatchObject({ level: "warning", code: "memory-low" });
});
