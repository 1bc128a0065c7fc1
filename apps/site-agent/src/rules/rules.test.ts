import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "@engraft/core/base/errors";
import { limitsFrom } from "../commands/limit-flags.ts";
import { makePlan, manifest, offerOf } from "../plan.fixture.ts";
import { understandOffer } from "../vault/plans.ts";
import { securePlan } from "../work/secure/secure-plan.fixture.ts";
import { stillAllowed } from "../work/secure/still-allowed.ts";
import { askRefused, limitsRefuse, planBreaks, policyRefuses } from "./allowed.ts";
import { hoursIn, hoursText, minuteOfDay, within } from "./hours.ts";
import { limitsInWords, minSitesOf, OPEN_POLICY, policyInWords, threadsOf, type Limits, type Policy } from "./limits.ts";

const at = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const night = { from: at("20:00"), to: at("06:00") };
const day = { from: at("08:00"), to: at("18:00") };
const plain = makePlan();
const secure = securePlan(4);
const whole = makePlan((plan) => ({ ...plan, training: { ...plan.training, trainable: { part: "all" } } }));

describe("[Y2] hours", () => {
  it.each([
    ["20:00-06:00", night],
    ["20:00 to 06:00", night],
    ["8:00-18:00", day],
    ["18:00-24:00", { from: at("18:00"), to: 0 }],
  ])("%s are read as they stand", (text, hours) => {
    expect(hoursIn(text)).toEqual(hours);
  });

  it.each(["", "20:00", "20:00-20:00", "24:00-00:00", "25:00-06:00", "20:60-06:00", "20-06", "20:00-06:00-08:00", "a-b"])(
    '"%s" are none',
    (text) => {
      expect(hoursIn(text)).toBeUndefined();
    },
  );

  it("hold their first minute and not their last, over midnight too", () => {
    const held = (hours: typeof night, times: readonly string[]) => times.map((time) => within(hours, at(time)));
    expect(held(night, ["19:59", "20:00", "23:59", "00:00", "05:59", "06:00", "12:00"])).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(held(day, ["07:59", "08:00", "17:59", "18:00", "00:00"])).toEqual([false, true, true, false, false]);
  });

  it("and their opposite cover each minute once, whatever they are", () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    fc.assert(
      fc.property(minute, minute, minute, (from, to, now) => {
        fc.pre(from !== to);
        expect(within({ from, to }, now)).toBe(!within({ from: to, to: from }, now));
        expect(hoursIn(hoursText({ from, to }))).toEqual({ from, to });
      }),
    );
  });

  it.each([
    // Vienna's clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
    ["2026-03-29T00:59:00Z", "Europe/Vienna", "01:59"],
    ["2026-03-29T01:00:00Z", "Europe/Vienna", "03:00"],
    ["2026-10-25T00:30:00Z", "Europe/Vienna", "02:30"],
    ["2026-10-25T01:30:00Z", "Europe/Vienna", "02:30"],
    ["2026-10-25T02:30:00Z", "Europe/Vienna", "03:30"],
    ["2026-01-01T00:00:00Z", "Asia/Kathmandu", "05:45"],
    ["2026-01-01T00:00:00Z", "UTC", "00:00"],
  ])("are those of the wall: %s in %s is %s", (instant, zone, wall) => {
    expect(minuteOfDay(Date.parse(instant), zone)).toBe(at(wall));
  });

  it("from 02:00 until 03:00 never come on the day that skips them, and come twice on the day that repeats them", () => {
    const hours = { from: at("02:00"), to: at("03:00") };
    const minutes = (day: string): number => {
      const midnight = Date.parse(`${day}T22:00:00Z`) - 24 * 3_600_000;
      return Array.from({ length: 26 * 60 }, (_, minute) => minuteOfDay(midnight + minute * 60_000, "Europe/Vienna")).filter((wall) =>
        within(hours, wall),
      ).length;
    };
    expect([minutes("2026-03-29"), minutes("2026-10-25"), minutes("2026-06-01")]).toEqual([0, 120, 60]);
  });
});

const rules = (limits: Limits = {}, policy: Partial<Policy> = {}, minute = at("12:00")) => ({
  limits,
  policy: { ...OPEN_POLICY, ...policy },
  minute,
});
const train = (round: number) => ({ kind: "train" as const, round });

describe("[Y1] [Y2] limits of an approval", () => {
  it("let an ask through where there are none, or where they are kept", () => {
    expect(askRefused(train(1), plain, rules())).toBeUndefined();
    expect(askRefused(train(2), secure, rules({ hours: day, maxRounds: 2, minSites: 4, threads: 1 }))).toBeUndefined();
  });

  it("refuse outside the hours, and say which they are", () => {
    const refused = askRefused(train(1), plain, rules({ hours: night }));
    expect(refused).toMatchObject({ code: "site-limits" });
    expect(refused?.text).toContain("20:00 to 06:00");
    expect(askRefused(train(1), plain, rules({ hours: night }, {}, at("02:00")))).toBeUndefined();
  });

  it("refuse to train behind the last round, and still take part in the evaluation at the end", () => {
    expect(askRefused(train(3), plain, rules({ maxRounds: 2 }))).toMatchObject({ code: "site-limits" });
    expect(askRefused({ kind: "evaluate", round: 5 }, plain, rules({ maxRounds: 2 }))).toBeUndefined();
  });

  it("refuse a plan whose sum can never hold so many sites, when they are set and when an ask comes", () => {
    for (const [plan, minSites] of [
      [plain, 3],
      [secure, 5],
    ] as const) {
      expect(limitsRefuse({ minSites }, plan)).toMatchObject({ code: "site-limits" });
      expect(askRefused(train(1), plan, rules({ minSites }))).toMatchObject({ code: "site-limits" });
    }
    expect(limitsRefuse({ minSites: 4 }, secure)).toBeUndefined();
  });

  it("raise the least number of sites in a sum, and never lower it", () => {
    const text = { ...offerOf(secure), manifest: JSON.stringify(manifest) };
    const understood = understandOffer(text);
    if (!understood.ok) throw new Error(understood.text);
    const offered = { ...understood.offered, offeredAt: 1 };
    const decision = { approval: { decision: "approved" } } as never;
    const numbers = (limits: Limits, policy: Partial<Policy> = {}) => {
      const allowed = stillAllowed({ offered, decision, paused: false, rules: rules(limits, policy) });
      return isRefusal(allowed) ? allowed.code : allowed.directory.numbers.minCohort;
    };
    expect([numbers({}), numbers({ minSites: 4 }), numbers({ minSites: 3 }), numbers({}, { minSites: 4 })]).toEqual([3, 4, 3, 4]);
    expect(numbers({}, { minSites: 5 })).toBe("site-policy");
  });

  it("count with the policy's: the tighter of both holds", () => {
    expect(threadsOf({ threads: 4 }, { ...OPEN_POLICY, threads: 2 })).toBe(2);
    expect(threadsOf({ threads: 1 }, { ...OPEN_POLICY, threads: 2 })).toBe(1);
    expect(threadsOf({}, OPEN_POLICY)).toBeUndefined();
    expect(minSitesOf({ minSites: 3 }, { ...OPEN_POLICY, minSites: 5 })).toBe(5);
    expect(askRefused(train(3), plain, rules({ maxRounds: 9 }, { maxRounds: 2 }))).toMatchObject({ code: "site-limits" });
    expect(askRefused(train(1), plain, rules({ hours: day }, { hours: night }))).toMatchObject({ code: "site-limits" });
  });

  it("are read from flags all at once, and said in words", () => {
    const limits = limitsFrom({ hours: "20:00-06:00", threads: "1", maxRounds: "20", minSites: "3" });
    expect(limits).toEqual({ hours: night, threads: 1, maxRounds: 20, minSites: 3 });
    expect(limitsInWords(limits)).toEqual([
      "only from 20:00 to 06:00, by this site's clock",
      "at most 1 CPU thread",
      "no round after round 20",
      "only secure aggregation with at least 3 sites in the sum",
    ]);
    expect(limitsFrom({ hours: "", threads: " " })).toEqual({});
    expect(() => limitsFrom({ hours: "always", threads: "0", maxRounds: "1.5", minSites: "2" })).toThrow(
      /hours[\s\S]*threads[\s\S]*rounds[\s\S]*sites/,
    );
  });
});

describe("[Y3] a standing policy", () => {
  it("names every point that a plan breaks", () => {
    const strict: Policy = { ...OPEN_POLICY, headOnly: true, secureOnly: true, minSites: 3 };
    expect(planBreaks(strict, whole)).toHaveLength(3);
    expect(planBreaks(strict, secure)).toEqual([]);
    expect(policyRefuses(strict, plain)).toMatchObject({ code: "site-policy" });
    expect(planBreaks(OPEN_POLICY, whole)).toEqual([]);
  });

  it("refuses an ask under a plan that was approved before it was set", () => {
    expect(askRefused(train(1), plain, rules({}, { secureOnly: true }))).toMatchObject({ code: "site-policy" });
    expect(askRefused(train(1), whole, rules({}, { headOnly: true }))).toMatchObject({ code: "site-policy" });
  });

  it("is said in words", () => {
    expect(policyInWords(OPEN_POLICY)).toEqual([]);
    expect(policyInWords({ headOnly: true, secureOnly: true, ownFigures: false, hours: night })).toEqual([
      "only plans that train the head",
      "only plans with secure aggregation",
      "only from 20:00 to 06:00, by this site's clock",
      "figures of this site's own patients never leave",
    ]);
  });
});
