import { expect, it } from "vitest";
import { causeOf, isOlder, NO_LINE, readLine, type Facts, type Line } from "./line.ts";

const facts = (change: Partial<Facts>, line: Partial<Line> = {}): Facts => ({
  online: true,
  lastSeen: 1_000,
  version: "0.2.0",
  newest: "0.2.0",
  skewMs: 0,
  cutsToday: 0,
  ...change,
  line: { ...NO_LINE, ...line },
});
const about = { paused: false, way: "direct", ownAuthority: false, doctor: false } as const;
const end = (how: NonNullable<Line["end"]>["how"], at = 1_000) => ({ end: { how, code: "link-lost" as const, at } });
const refused = (code: "unknown-key" | "protocol-version" | "not-enrolled", proven: boolean, at = 2_000) => ({
  refused: { code, proven, version: "0.0.9", at },
});

it("[J8] names the first thing that somebody must act upon", () => {
  const codeOf = (change: Partial<Facts>, line?: Partial<Line>) => causeOf(facts(change, line)).code;
  expect(codeOf({})).toBe("steady");
  expect(codeOf({ cutsToday: 3 })).toBe("unsteady");
  expect(codeOf({ version: "0.1.9", cutsToday: 3 })).toBe("version-old");
  expect(codeOf({ version: "0.1.9" }, { about: { ...about, paused: true } })).toBe("paused");
  expect(codeOf({ skewMs: -31_000 }, { about: { ...about, paused: true } })).toBe("clock-wrong");
  // A slow greeting could explain it.
  expect(codeOf({ skewMs: -31_000 }, { roundMs: 4_000 })).toBe("steady");
  const away = { online: false };
  expect(codeOf({ ...away, lastSeen: null })).toBe("never-seen");
  for (const how of ["stopped", "cut", "silent", "closed"] as const) expect(codeOf(away, end(how))).toBe(how);
  expect(codeOf(away, end("said"))).toBe("turned-away");
  expect(codeOf(away, end("coordinator"))).toBe("coordinator-was-away");
  // It was seen after its last known end: the coordinator went away without a word.
  expect(codeOf({ ...away, lastSeen: 5_000 }, end("cut"))).toBe("coordinator-was-away");
});

it("[J8] of a greeting that was refused it tells a stranger's claim from a former key and from a version", () => {
  const away = { online: false };
  expect(causeOf(facts(away, { ...end("cut"), ...refused("unknown-key", false) }))).toEqual({
    code: "key-refused",
    at: 2_000,
    version: "0.0.9",
  });
  expect(causeOf(facts(away, refused("unknown-key", true))).code).toBe("key-replaced");
  expect(causeOf(facts(away, refused("protocol-version", true))).code).toBe("version-refused");
  // What is older than the site's last end, and what comes while it is here, says nothing.
  expect(causeOf(facts(away, { ...end("cut", 3_000), ...refused("unknown-key", false) })).code).toBe("cut");
  expect(causeOf(facts({}, refused("unknown-key", false))).code).toBe("steady");
});

it("compares versions by their numbers", () => {
  expect([
    isOlder("0.9.0", "0.10.0"),
    isOlder("0.10.0", "0.9.9"),
    isOlder("1.0.0", "1.0.0"),
    isOlder("test", "1.0.0"),
    isOlder(null, "1.0.0"),
  ]).toEqual([true, false, false, false, false]);
});

it("a stored line of another version counts as none", () => {
  expect(readLine({ end: "cut" })).toEqual(NO_LINE);
  expect(readLine(null)).toEqual(NO_LINE);
  expect(readLine(structuredClone(NO_LINE))).toEqual(NO_LINE);
});
