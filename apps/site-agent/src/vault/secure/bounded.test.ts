/** What is forgotten of finished rounds changes no answer of the rules. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "@engraft/core/base/errors";
import { sha256 as h } from "@engraft/core/crypto/digest";
import { numbersOf } from "@engraft/core/models/directory-numbers";
import { mayLeave, type JournalRecord, type Request } from "@engraft/core/secagg/release-rules";
import { stillNeeded } from "./bounded.ts";

const numbers = numbersOf(5);
const run = "heart.1";
const everybody = [1, 2, 3, 4, 5];
const inRound = (round: number) => ({ run, round, roundHash: h(`round ${round}`) });
const roster = (round: number, attempt: number) => h(`roster ${round}.${attempt}`);

const REQUESTS: Readonly<Record<Request["kind"], (round: number, attempt: number) => Request>> = {
  advertise: (round, attempt) => ({
    kind: "advertise",
    now: 0,
    ...inRound(round),
    plan: h("plan"),
    directory: h("directory"),
    attempt,
    maxAttempts: 3,
    attemptHash: h(`attempt ${round}.${attempt}`),
    until: 9,
  }),
  deal: (round, attempt) => ({
    kind: "deal",
    now: 0,
    attemptHash: h(`attempt ${round}.${attempt}`),
    roster: roster(round, attempt),
    index: 2,
  }),
  complain: (round, attempt) => ({ kind: "complain", now: 0, roster: roster(round, attempt) }),
  mask: (round, attempt) => ({
    kind: "mask",
    now: 0,
    roster: roster(round, attempt),
    shares: h("shares"),
    dealers: everybody,
    vector: h("x"),
  }),
  answer: (round, attempt) => ({ kind: "answer", now: 0, roster: roster(round, attempt), complainer: 1 }),
  echo: (round, attempt) => ({ kind: "echo", now: 0, roster: roster(round, attempt), inputs: h("inputs"), survivors: everybody }),
  release: (round, attempt) => ({
    kind: "release",
    now: 0,
    roster: roster(round, attempt),
    inputs: h("inputs"),
    echoes: everybody.map((index) => ({ index, inputs: h("inputs") })),
  }),
};
const KINDS = Object.keys(REQUESTS) as Request["kind"][];

type Move = { readonly ask: Request } | { readonly add: JournalRecord } | { readonly forget: true };

const place = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
const asks = (kinds: readonly Request["kind"][]) =>
  place.map(([round, attempt]) => kinds.map((kind): Move => ({ ask: REQUESTS[kind](round, attempt) })));
const moves = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KINDS).chain((kind) => asks([kind])) },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 1, max: 5 })
      .chain((length) => asks(["advertise", "deal", "mask", "echo", "release"].slice(0, length) as Request["kind"][])),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }).map((round): Move[] => [{ add: { kind: "finished", run, round } }]) },
  { weight: 1, arbitrary: fc.constant<Move[]>([{ add: { kind: "restored" } }, { add: approved() }]) },
  { weight: 2, arbitrary: fc.constant<Move[]>([{ forget: true }]) },
);

function approved(): JournalRecord {
  return { kind: "approved", run, plan: h("plan"), directory: h("directory"), rounds: 3, compared: true };
}

const storedRounds = (): readonly JournalRecord[] => [1, 2, 3].map((round) => ({ kind: "stored", ...inRound(round), vector: h("x") }));

describe("a journal without the records of finished rounds", () => {
  it("[V2] [V15] [G5] [G7] lets leave exactly what the whole one lets, in any order of asking and forgetting", () => {
    let allowed = 0;
    let forgotten = 0;
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 30 }), (list) => {
        let whole: readonly JournalRecord[] = [approved(), ...storedRounds()];
        let short = whole;
        for (const move of list.flat()) {
          if ("forget" in move) {
            short = stillNeeded(short);
            forgotten += whole.length - short.length;
          } else if ("add" in move) {
            const added = move.add.kind === "restored" ? [move.add, ...storedRounds()] : [move.add];
            whole = whole.concat(added);
            short = short.concat(added);
          } else {
            const [one, other] = [mayLeave(whole, numbers, move.ask), mayLeave(short, numbers, move.ask)];
            if (isRefusal(one)) {
              expect(isRefusal(other)).toBe(true);
              continue;
            }
            expect(other).toEqual(one);
            allowed += 1;
            whole = [...whole, ...one.records];
            short = [...short, ...one.records];
          }
        }
        expect(stillNeeded(stillNeeded(whole))).toEqual(stillNeeded(whole));
      }),
      { numRuns: 2000 },
    );
    // The property says nothing where nothing may leave, or nothing is forgotten.
    expect(allowed).toBeGreaterThan(1000);
    expect(forgotten).toBeGreaterThan(1000);
  });
});
