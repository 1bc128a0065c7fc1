import { describe, expect, it } from "vitest";
import type { Working } from "../use-run.ts";
import { allRounds, endOf, lostOf, readyIn, rowsOf, type Cell } from "./steps.ts";
import { Attempt, attemptOf, SITES, viewOf } from "./sums.fixture.ts";

const known = { working: new Map<string, Working>(), online: (_site: string) => true, evaluates: false };
const rows = (attempt: Attempt, change: Partial<typeof known> = {}) => rowsOf(attemptOf(attempt), 1, { ...known, ...change });
const SIGNS: Readonly<Record<Cell, string>> = { done: "+", now: "!", ahead: ".", lost: "x", spare: "-" };
const drawn = (attempt: Attempt): readonly string[] => rows(attempt).map(({ cells }) => cells.map((cell) => SIGNS[cell]).join(""));

describe("the steps of an attempt", () => {
  it("follow each site from keys to release", () => {
    const attempt = new Attempt(1).keys("a", "b");
    expect(drawn(attempt)).toEqual(["+....", "+....", "!....", "!...."]);
    expect(readyIn(attemptOf(attempt))).toBe(2);
    attempt.keys("c").roster("a", "b", "c").shares("a");
    expect(drawn(attempt)).toEqual(["++...", "+!...", "+!...", "x...."]);
    attempt.shares("b", "c").dealt("a", "b", "c").masked("c");
    expect(drawn(attempt)).toEqual(["++!..", "++!..", "+++..", "x...."]);
    attempt.masked("a", "b").fixed("a", "b", "c").echoes("a");
    expect(drawn(attempt)).toEqual(["++++!", "+++!.", "+++!.", "x...."]);
    attempt.echoes("b", "c").releases("a", "b").sum({}, "a", "b", "c");
    expect(drawn(attempt)).toEqual(["+++++", "+++++", "++++-", "x...."]);
    expect(rows(attempt).map(({ words }) => words)).toEqual(["in the sum", "in the sum", "in the sum", "lost at keys"]);
  });

  it("say at which step a site was lost, and why", () => {
    const attempt = new Attempt(1)
      .keys(...SITES)
      .roster(...SITES)
      .shares("a", "b", "c")
      .drops("d");
    expect(rows(attempt)[3]).toMatchObject({ words: "lost at shares", more: "It could not train." });
    attempt.dealt("a", "b", "c").masked("a", "b", "c").fixed("a", "b", "c").releases("a", "b", "c").sum({}, "a", "b", "c").checkpoint();
    const [round] = viewOf(attempt).rounds;
    expect(round === undefined ? [] : lostOf(round)).toEqual([
      { site: "d", at: "shares", text: "It could not train.", code: "training-failed" },
    ]);
  });

  it("tell a failed attempt's missing sites, at the step where it failed, from those that were ready", () => {
    const early = new Attempt(1).keys("a", "b").fails(["c", "d"]);
    expect(drawn(early)).toEqual(["+....", "+....", "x....", "x...."]);
    const dealing = new Attempt(1).keys("a", "b", "c").roster("a", "b", "c").shares("a").fails(["b", "c"]);
    expect(drawn(dealing)).toEqual(["++...", "+x...", "+x...", "x...."]);
    expect(rows(dealing)[0]?.words).toBe("was ready");
    const dropped = new Attempt(1)
      .keys(...SITES)
      .roster(...SITES)
      .shares("a", "b")
      .drops("c")
      .drops("d")
      .fails(["c", "d"]);
    expect(drawn(dropped)).toEqual(["++...", "++...", "+x...", "+x..."]);
    const opening = new Attempt(1).upToMasked("a", "b", "c").echoes("a", "b", "c").releases("a").fails(["b", "c"]);
    expect(drawn(opening)).toEqual(["+++++", "++++x", "++++x", "x...."]);
  });

  it("tell a site at work, one that waits for the others, and one that is away", () => {
    const newest = { site: "c", run: "heart.1", round: 1, phase: "train" as const, done: 3, total: 4, at: 5 };
    const working = new Map([["c", { newest, steps: [] }]]);
    const states = rows(new Attempt(1).keys("a", "b"), { working, online: (site) => site !== "d" });
    expect(states.map(({ words }) => words)).toEqual(["ready", "ready", "train, 75 %", "offline"]);
    const other = new Map([["c", { newest: { ...newest, round: 9 }, steps: [] }]]);
    expect(rows(new Attempt(1), { working: other })[2]?.words).toBe("asked to train");
    expect(rows(new Attempt(1), { evaluates: true })[2]?.words).toBe("measures");
  });

  it("begin anew with a round's next attempt", () => {
    const first = new Attempt(1).keys("a", "b").fails(["c", "d"]);
    const view = viewOf(first, new Attempt(1, 2, "train", 5000).keys("c"));
    expect(view.rounds[0]?.attempts.map(({ phase }) => phase)).toEqual(["failed", "advertising"]);
    const again = view.rounds[0]?.attempts[1];
    expect(again === undefined ? [] : rowsOf(again, 1, known).map(({ words }) => words)).toEqual([
      "asked to train",
      "asked to train",
      "ready",
      "asked to train",
    ]);
  });
});

it("a site that was away when a round opened is lost at the start", () => {
  const [round] = viewOf(new Attempt(1).upToMasked("a", "b", "c", "d")).rounds;
  expect(round === undefined ? [] : lostOf(round, [...SITES, "e"])).toEqual([
    { site: "e", at: "the start", text: "It was offline.", code: "" },
  ]);
});

it("a round is over when its sum is open, not when its inputs are fixed; the evaluation comes last", () => {
  const attempt = new Attempt(1).upToMasked(...SITES);
  expect(viewOf(attempt).rounds.map(endOf)).toEqual([null]);
  attempt
    .releases("a", "b", "c")
    .sum({}, ...SITES)
    .checkpoint();
  const view = viewOf(attempt, new Attempt(2, 1, "evaluate").keys("a"));
  expect(allRounds(view).map((round) => [round.round, endOf(round) !== null])).toEqual([
    [1, true],
    [2, false],
  ]);
});
