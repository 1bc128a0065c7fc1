/** However a coordinator and c liars split views and attempts, at most one survivor set of a round collects t releases. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import { sha256 } from "../crypto/digest.ts";
import { numbersOf } from "../models/directory-numbers.ts";
import { mayLeave, type JournalRecord, type Request } from "./release-rules.ts";

/** In each attempt the coordinator shows each honest site one of two worlds, or nothing; honest sites are 1 to D - liars. */
type Schedule = readonly (readonly (0 | 1 | undefined)[])[];

const h = sha256;
const base = { run: "heart.1", round: 1, roundHash: h("round") };

/** How many survivor sets could be opened: liars say and give whatever helps. Of the honest sites the first `restored` forget what they did in each attempt. */
function opened(sites: number, liars: number, schedule: Schedule, restored = 0): number {
  const numbers = numbersOf(sites);
  const honest = Array.from({ length: sites - liars }, (_, at) => at + 1);
  const lying = Array.from({ length: liars }, (_, at) => sites - at);
  const fresh = (index: number): JournalRecord[] => [
    { kind: "approved", run: "heart.1", plan: h("plan"), directory: h("directory"), rounds: 1, compared: true },
    { kind: "stored", ...base, vector: h(`x ${index}`) },
  ];
  const journals = new Map(honest.map((index) => [index, fresh(index)]));
  const ask = (index: number, request: Request): boolean => {
    const decision = mayLeave(journals.get(index) ?? [], numbers, request);
    if (isRefusal(decision)) return false;
    journals.get(index)?.push(...decision.records);
    return true;
  };
  let sets = 0;
  schedule.forEach((views, at) => {
    const attemptHash = h(`attempt ${at}`);
    // A copy of the folder from before the round, which nothing shows to be one.
    for (const index of honest.slice(0, restored)) journals.set(index, fresh(index));
    for (const view of [0, 1] as const) {
      const there = honest.filter((index) => views[index - 1] === view);
      const members = [...there, ...lying].toSorted((a, b) => a - b);
      const [roster, inputs] = [h(`roster ${at} ${view}`), h(`inputs ${at} ${view}`)];
      const joined = there.filter(
        (index) =>
          ask(index, {
            kind: "advertise",
            now: 0,
            ...base,
            plan: h("plan"),
            directory: h("directory"),
            attempt: at + 1,
            maxAttempts: 100,
            attemptHash,
            until: 1,
          }) &&
          ask(index, { kind: "deal", now: 0, attemptHash, roster, index }) &&
          ask(index, { kind: "mask", now: 0, roster, shares: inputs, dealers: members, vector: h(`x ${index}`) }) &&
          ask(index, { kind: "echo", now: 0, roster, inputs, survivors: members }),
      );
      const echoes = [...joined, ...lying].map((index) => ({ index, inputs }));
      const gave = joined.filter((index) => ask(index, { kind: "release", now: 0, roster, inputs, echoes }));
      if (gave.length > 0 && gave.length + lying.length >= numbers.threshold) sets += 1;
    }
  });
  return sets;
}

const schedules = (sites: number, liars: number) =>
  fc.array(fc.array(fc.constantFrom<0 | 1 | undefined>(0, 1, undefined), { minLength: sites - liars, maxLength: sites - liars }), {
    minLength: 1,
    maxLength: 5,
  });

describe("one round", () => {
  it("[G5] [K2] never opens two sums with c liars", () => {
    let once = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 12 }).chain((sites) => fc.tuple(fc.constant(sites), schedules(sites, numbersOf(sites).liars))),
        ([sites, schedule]) => {
          const sets = opened(sites, numbersOf(sites).liars, schedule);
          expect(sets).toBeLessThanOrEqual(1);
          once += sets;
        },
      ),
      { numRuns: 1500 },
    );
    // The property says nothing where nothing is ever opened.
    expect(once).toBeGreaterThan(20);
  });

  it("[V3] [V15] never opens two sums with c sites of which some lie and some were put back from an old copy unnoticed", () => {
    let once = 0;
    fc.assert(
      fc.property(
        fc
          .integer({ min: 3, max: 12 })
          .chain((sites) => fc.tuple(fc.constant(sites), fc.integer({ min: 0, max: numbersOf(sites).liars })))
          .chain(([sites, liars]) => fc.tuple(fc.constant(sites), fc.constant(liars), schedules(sites, liars))),
        ([sites, liars, schedule]) => {
          const sets = opened(sites, liars, schedule, numbersOf(sites).liars - liars);
          expect(sets).toBeLessThanOrEqual(1);
          once += sets;
        },
      ),
      { numRuns: 2000 },
    );
    expect(once).toBeGreaterThan(20);
  });

  it("[K2] the bound is tight: with one liar more six sites' round opens two sums", () => {
    const { liars, threshold } = numbersOf(6);
    const split: Schedule = [[0, 0, 1, 1]];
    expect([liars, threshold]).toEqual([1, 4]);
    expect(opened(6, liars + 1, split)).toBe(2);
  });
});
