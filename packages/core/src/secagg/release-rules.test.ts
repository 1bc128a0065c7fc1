import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { numbersOf } from "../models/directory-numbers.ts";
import { mayLeave, type Decision, type JournalRecord, type Request } from "./release-rules.ts";

const numbers = numbersOf(5);
const h = (text: string): Digest => sha256(text);
const inRound = (round: number, extra = "") => ({ run: "heart.1", round, roundHash: h(`round ${round}${extra}`) });

const advertise = (round: number, attempt: number, extra = ""): Request => ({
  kind: "advertise",
  now: 0,
  ...inRound(round, extra),
  plan: h("plan"),
  directory: h("directory"),
  attempt,
  maxAttempts: 3,
  attemptHash: h(`attempt ${round}.${attempt}${extra}`),
  until: 100,
});
const deal = (round: number, attempt: number, roster = "r"): Request => ({
  kind: "deal",
  now: 0,
  attemptHash: h(`attempt ${round}.${attempt}`),
  roster: h(`${roster} ${round}.${attempt}`),
  index: 2,
});
const under = (round: number, attempt: number, roster = "r") => ({ now: 0, roster: h(`${roster} ${round}.${attempt}`) });
const mask = (round: number, attempt: number, shares = "s", dealers: readonly number[] = [1, 2, 3, 4, 5]): Request => ({
  kind: "mask",
  ...under(round, attempt),
  shares: h(shares),
  dealers,
  vector: h(`x ${round}`),
});
const echo = (round: number, attempt: number, inputs = "i", survivors: readonly number[] = [1, 2, 3, 4]): Request => ({
  kind: "echo",
  ...under(round, attempt),
  inputs: h(inputs),
  survivors,
});
const seen = (inputs: string, ...who: readonly number[]) => who.map((index) => ({ index, inputs: h(inputs) }));
const release = (round: number, attempt: number, inputs = "i", echoes = seen(inputs, 1, 2, 3, 4)): Request => ({
  kind: "release",
  ...under(round, attempt),
  inputs: h(inputs),
  echoes,
});
const answer = (round: number, attempt: number, complainer: number): Request => ({ kind: "answer", ...under(round, attempt), complainer });

const approved: JournalRecord = { kind: "approved", run: "heart.1", plan: h("plan"), directory: h("directory"), rounds: 3, compared: true };
const stored = (round: number, extra = ""): JournalRecord => ({ kind: "stored", ...inRound(round, extra), vector: h(`x ${round}`) });

let journal: JournalRecord[];
beforeEach(() => {
  journal = [approved, stored(1), stored(2), stored(3)];
});

/** Asks, and writes what the decision says; the answer in a few words. */
function ask(request: Request): Decision | string {
  const decision = mayLeave(journal, numbers, request);
  if (isRefusal(decision)) return `${decision.code} ${/rule (G\d+)/.exec(decision.text)?.[1] ?? ""}`;
  journal.push(...decision.records);
  return decision;
}
function all(...requests: readonly Request[]): void {
  for (const request of requests) expect(ask(request)).toMatchObject({ ok: true, repeat: false });
}
const whole = [advertise(1, 1), deal(1, 1), mask(1, 1), echo(1, 1), release(1, 1)];

describe("what may leave a site", () => {
  it("[G2] gives of each dealer one kind: seeds of survivors, keys of the others", () => {
    all(...whole.slice(0, 4));
    const kinds = ["seed", "seed", "seed", "seed", "key"];
    expect(ask(release(1, 1))).toMatchObject({ given: kinds.map((kind, at) => ({ index: at + 1, kind })) });
    expect(journal.at(-1)).toMatchObject({ kind: "released", round: 1 });
  });

  it("[G1] the same request again gets the stored bytes, and writes nothing", () => {
    for (const request of whole) {
      all(request);
      const before = journal.length;
      expect(ask(request)).toMatchObject({ ok: true, repeat: true, records: [], given: [] });
      expect(journal).toHaveLength(before);
    }
  });

  it("[G1] a second roster, set of shares or set of survivors is refused", () => {
    all(advertise(1, 1), deal(1, 1));
    expect(ask(deal(1, 1, "other"))).toBe("second-set G1");
    all(mask(1, 1));
    expect(ask(mask(1, 1, "other"))).toBe("second-set G1");
    all(echo(1, 1));
    expect(ask(echo(1, 1, "other"))).toBe("second-set G1");
    expect(ask(echo(1, 1, "i", [1, 2, 3, 5]))).toBe("second-set G1");
    expect(ask(release(1, 1, "other"))).toBe("second-set G1");
  });

  it("[G2] a dealer answers at most as many complainers as may lie, and each again", () => {
    all(advertise(1, 1), deal(1, 1), answer(1, 1, 4));
    expect(ask(answer(1, 1, 4))).toMatchObject({ repeat: true });
    expect(ask(answer(1, 1, 5))).toBe("too-many-complaints G2");
    expect(ask(answer(1, 1, 2))).toBe("release-refused G2");
  });

  it.each([
    ["too few", seen("i", 1, 2, 3)],
    ["one site four times", seen("i", 1, 1, 1, 1)],
    ["a site outside the survivors", seen("i", 1, 2, 3, 5)],
    ["other inputs", [...seen("i", 1, 2, 3), ...seen("other", 4)]],
    ["none", []],
  ])("[G3] no release on echoes of %s", (_what, echoes) => {
    all(...whole.slice(0, 4));
    expect(ask(release(1, 1, "i", echoes))).toBe("echoes-missing G3");
  });

  it("[G3] no sum and no mask for too few", () => {
    all(advertise(1, 1), deal(1, 1));
    expect(ask(mask(1, 1, "s", [1, 2, 3]))).toBe("too-few-sites G3");
    all(mask(1, 1));
    expect(ask(echo(1, 1, "i", [1, 2, 3]))).toBe("too-few-sites G3");
    expect(ask(echo(1, 1, "i", [1, 2, 2, 3]))).toBe("too-few-sites G3");
    expect(ask(release(1, 1))).toBe("echoes-missing G3");
  });

  it("[G4] nothing for a sum without this site, nothing of a site that dealt no shares", () => {
    all(advertise(1, 1), deal(1, 1));
    expect(ask(mask(1, 1, "s", [1, 3, 4, 5]))).toBe("inputs-wrong G4");
    all(mask(1, 1, "s", [1, 2, 3, 4]));
    expect(ask(echo(1, 1, "i", [1, 3, 4]))).toBe("inputs-wrong G4");
    expect(ask(echo(1, 1, "i", [1, 2, 3, 5]))).toBe("inputs-wrong G4");
  });

  it("[G5] one release a round: no other attempt joins after it, and an earlier one cannot be opened", () => {
    all(...whole);
    expect(ask(advertise(1, 2))).toBe("round-released G5");
    journal.push({ kind: "advertised", ...inRound(1), attempt: 2, attemptHash: h("attempt 1.2"), until: 100 });
    all(deal(1, 2), mask(1, 2), echo(1, 2));
    expect(ask(release(1, 2))).toBe("round-released G5");
    expect(ask(advertise(2, 1))).toMatchObject({ ok: true });
  });

  it("[G6] no keys before the vector is stored, and no other vector is masked", () => {
    journal = [approved];
    expect(ask(advertise(1, 1))).toBe("attempt-stale G6");
    journal.push(stored(1));
    all(advertise(1, 1), deal(1, 1));
    expect(ask({ ...(mask(1, 1) as Extract<Request, { kind: "mask" }>), vector: h("another") })).toBe("second-set G6");
    all(mask(1, 1));
    expect(ask({ ...(mask(1, 1) as Extract<Request, { kind: "mask" }>), vector: h("another") })).toBe("second-set G6");
  });

  it("[G7] earlier and finished rounds, and another base within a round, are stale", () => {
    all(advertise(2, 1));
    expect(ask(advertise(1, 1))).toBe("stale-round G7");
    journal.push(stored(2, "other base"));
    expect(ask(advertise(2, 2, "other base"))).toBe("attempt-stale G7");
    all(deal(2, 1));
    expect(ask(mask(2, 2))).toBe("attempt-stale G7");
    journal.push({ kind: "finished", run: "heart.1", round: 2 });
    expect(ask(mask(2, 1))).toBe("stale-round G7");
    expect(ask(advertise(2, 2))).toBe("stale-round G7");
  });

  it("[G8] a higher attempt ends the lower ones", () => {
    all(...whole.slice(0, 4), advertise(1, 2));
    for (const request of whole.slice(1)) expect(ask(request)).toBe("attempt-stale G8");
    expect(ask(advertise(1, 1))).toBe("attempt-stale G8");
    expect(ask(advertise(1, 4))).toBe("attempt-stale G8");
  });

  it("[G9] an approval holds for its run, plan, directory and rounds, and only where compared", () => {
    const asked = advertise(1, 1) as Extract<Request, { kind: "advertise" }>;
    expect(ask({ ...asked, run: "heart.2" })).toBe("plan-not-approved G9");
    expect(ask({ ...asked, plan: h("other") })).toBe("plan-not-approved G9");
    expect(ask({ ...asked, directory: h("other") })).toBe("plan-not-approved G9");
    expect(ask(advertise(4, 1))).toBe("plan-not-approved G9");
    journal.push({ ...approved, compared: false });
    expect(ask(asked)).toBe("directory-not-compared G9");
  });

  it("[G10] the budget is charged once a round, before the first masked vector", () => {
    all(advertise(1, 1), deal(1, 1));
    const first = ask(mask(1, 1));
    expect(typeof first === "string" ? [] : first.records.map(({ kind }) => kind)).toEqual(["charged", "masked"]);
    all(advertise(1, 2), deal(1, 2), mask(1, 2), advertise(2, 1), deal(2, 1), mask(2, 1));
    expect(journal.filter(({ kind }) => kind === "charged")).toHaveLength(2);
  });

  it("[G11] after a restore nothing goes on without a new approval, and a released round stays released", () => {
    all(...whole.slice(0, 4));
    journal.push({ kind: "restored" });
    expect(ask(release(1, 1))).toBe("attempt-stale G7");
    expect(ask(advertise(1, 2))).toBe("site-restored G11");
    journal.push({ ...approved }, stored(1));
    all(advertise(1, 2));
    journal.push({ kind: "released", ...inRound(1), roster: h("r"), inputs: h("i") }, { kind: "restored" }, approved, stored(1));
    expect(ask(advertise(1, 3))).toBe("round-released G5");
  });

  it("[G12] after the attempt's end by this site's clock nothing leaves", () => {
    all(...whole.slice(0, 4));
    for (const request of whole.slice(1)) expect(ask({ ...request, now: 101 })).toBe("attempt-stale G12");
    expect(ask({ ...release(1, 1), now: 100 })).toMatchObject({ ok: true });
  });

  it("[G12] [G8] no complaint leaves before the site has dealt, after it has masked, or once the attempt has ended", () => {
    const complain = (now = 0): Request => ({ kind: "complain", ...under(1, 1), now });
    expect(ask(complain())).toBe("attempt-stale G7");
    all(advertise(1, 1), deal(1, 1));
    expect(ask(complain(100))).toMatchObject({ ok: true, records: [], given: [] });
    expect(ask(complain(101))).toBe("attempt-stale G12");
    all(mask(1, 1));
    expect(ask(complain())).toBe("second-set G1");
    all(advertise(1, 2));
    expect(ask(complain())).toBe("attempt-stale G8");
  });

  it("[G1] [G5] [G6] whatever is asked in whatever order, the journal keeps to one of each", () => {
    const round = fc.integer({ min: 1, max: 2 });
    const attempt = fc.integer({ min: 1, max: 3 });
    const set = fc.constantFrom([1, 2, 3, 4], [2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 3, 4, 5]);
    const some = fc.constantFrom("p", "q");
    const request = fc.oneof(
      fc.tuple(round, attempt).map((one) => advertise(...one)),
      fc.tuple(round, attempt).map((one) => deal(...one)),
      fc.tuple(round, attempt, some, set).map((one) => mask(...one)),
      fc.tuple(round, attempt, some, set).map((one) => echo(...one)),
      fc.tuple(round, attempt, some).map(([r, a, inputs]) => release(r, a, inputs, seen(inputs, 1, 2, 3, 4, 5))),
      fc.tuple(round, attempt, fc.integer({ min: 1, max: 5 })).map((one) => answer(...one)),
    );
    const ordered = fc
      .tuple(round, attempt)
      .chain(([r, a]) =>
        fc
          .tuple(some, set, fc.boolean())
          .map(([inputs, who, end]) => [
            advertise(r, a),
            deal(r, a),
            mask(r, a, "p", [1, 2, 3, 4, 5]),
            echo(r, a, inputs, who),
            ...(end ? [release(r, a, inputs, seen(inputs, 1, 2, 3, 4, 5))] : []),
          ]),
      );
    let released = 0;
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            request.map((one) => [one]),
            ordered,
          ),
          { maxLength: 25 },
        ),
        (requests) => {
          journal = [approved, stored(1), stored(2)];
          for (const one of requests.flat()) ask(one);
          const once = <K extends JournalRecord["kind"]>(kind: K, of: (record: Extract<JournalRecord, { kind: K }>) => string): void => {
            const found = journal.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind).map(of);
            expect(new Set(found).size).toBe(found.length);
          };
          once("advertised", ({ attemptHash }) => attemptHash);
          once("dealt", ({ attemptHash }) => attemptHash);
          once("masked", ({ roster }) => roster);
          once("echoed", ({ roster }) => roster);
          once("released", ({ run, round: number }) => `${run} ${number}`);
          once("charged", ({ roundHash }) => roundHash);
          once("answered", ({ roster }) => roster);
          released += journal.filter(({ kind }) => kind === "released").length;
        },
      ),
      { numRuns: 1000 },
    );
    // The property says nothing where nothing is ever released.
    expect(released).toBeGreaterThan(100);
  });
});
