import { describe, expect, it } from "vitest";
import { CODES, EngraftError, assert, isCode, isRefusal, refuse, type Code } from "./errors.ts";

describe("the table of codes", () => {
  it.each(Object.entries(CODES))("[W4] %s has a private close code and an exit code of its own kind", (_code, entry) => {
    expect(entry.close).toBeGreaterThanOrEqual(4000);
    expect(entry.close).toBeLessThanOrEqual(4999);
    expect(entry.exit).toBeGreaterThanOrEqual(1);
    expect(entry.exit).toBeLessThanOrEqual(125);
  });

  it("[I3] gives each way an enrolment can fail its own exit code", () => {
    const codes: Code[] = ["invite-mistyped", "invite-expired", "invite-used", "invite-forged", "coordinator-key-wrong", "name-taken"];
    expect(new Set(codes.map((code) => CODES[code].exit)).size).toBe(codes.length);
  });

  it("does not take inherited names for codes", () => {
    expect(isCode("not-found")).toBe(true);
    expect(isCode("toString")).toBe(false);
  });
});

describe("refusals and faults", () => {
  it("are told apart from other values", () => {
    expect(isRefusal(refuse("conflict", "no"))).toBe(true);
    for (const other of [undefined, null, 1, [], {}, { ok: true, code: "x" }, { ok: false }]) expect(isRefusal(other)).toBe(false);
  });

  it("keep code and cause", () => {
    const cause = new Error("disk");
    expect(new EngraftError("disk-full", "No space left.", { cause })).toMatchObject({ name: "EngraftError", code: "disk-full", cause });
  });

  it("a broken promise of our own is not an EngraftError, so nobody answers it politely", () => {
    expect(() => assert(false, "two rosters")).toThrow("Bug: two rosters");
    expect(() => assert(false, "two rosters")).not.toThrow(EngraftError);
    expect(() => assert(true, "fine")).not.toThrow();
  });
});
