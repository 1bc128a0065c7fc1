import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Standing } from "./kinds.ts";
import { endBody, runEnds } from "./run-ends.ts";
import { step, type Known, type Receiver } from "./step.ts";

const MINUTE = 60_000;
const away: Standing = {
  kind: "site-away",
  key: "site-away:heart.1:graz",
  what: "graz is offline.",
  next: "Ask.",
  href: "/runs/heart.1",
  about: { kind: "site-away", run: "heart.1", site: "graz" },
};
const refused: Standing = {
  kind: "plan-refused",
  key: "plan-refused:ab",
  what: "heart v1 is refused.",
  next: "Look.",
  href: "/plans/ab",
  about: null,
};
const all: Receiver = { id: "a", causes: ["site-away", "plan-refused", "storage"], language: "en" };
const few: Receiver = { id: "b", causes: ["plan-refused"], language: "en" };

/** What the database would hold after a step. */
const after = (
  known: readonly Known[],
  { keep, drop }: { readonly keep: readonly Known[]; readonly drop: readonly string[] },
): readonly Known[] => [...known.filter(({ key }) => !drop.includes(key) && !keep.some((one) => one.key === key)), ...keep];

const played = (times: readonly (readonly [now: number, standing: readonly Standing[]])[], receivers = [all, few]) => {
  let known: readonly Known[] = [];
  return times.map(([now, standing]) => {
    const done = step({ known, standing, receivers, patienceMs: 5 * MINUTE, now });
    known = after(known, done);
    return done.say.map(({ channel, body: { state, kind } }) => `${channel} ${state} ${kind}`);
  });
};

describe("alerts", () => {
  it("[X1] are said once for each cause that lasts, and its end once, to those who want it", () => {
    expect(
      played([
        [0, [away]],
        [MINUTE, [away]],
        [5 * MINUTE, [away, refused]],
        [6 * MINUTE, [away, refused]],
        [60 * MINUTE, [{ ...away, next: "Ask again." }, refused]],
        [61 * MINUTE, [refused]],
        [62 * MINUTE, []],
      ]),
    ).toEqual([[], [], ["a open site-away", "a open plan-refused", "b open plan-refused"], [], [], ["a over site-away"], []]);
  });

  it("[X1] are said in each receiver's language; what an earlier version kept stays English", () => {
    const german = { ...all, id: "g", language: "de" } as const;
    const known = [away, refused].map((cause) => ({ ...cause, since: 0, alertedAt: null }));
    const { say } = step({ known, standing: [away, refused], receivers: [all, german], patienceMs: MINUTE, now: MINUTE });
    expect(say.map(({ channel, body: { language, what } }) => [channel, language, what])).toEqual([
      ["a", "en", "graz is offline, and heart.1 needs it now."],
      ["g", "de", "graz ist nicht verbunden, und heart.1 braucht den Standort jetzt."],
      ["a", "en", "heart v1 is refused."],
      ["g", "en", "heart v1 is refused."],
    ]);
  });

  it("[X1] a cause that passes before anybody was told is never told of, nor its end", () => {
    expect(
      played([
        [0, [away]],
        [4 * MINUTE, []],
        [5 * MINUTE, [away]],
        [9 * MINUTE, [away]],
      ]).flat(),
    ).toEqual([]);
  });

  it("[X1] whatever comes and goes, nothing is said twice about the same, and no end without a beginning", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 10 * MINUTE }), fc.subarray([away, refused])), { maxLength: 40 }),
        (steps) => {
          let now = 0;
          let known: readonly Known[] = [];
          const said: string[] = [];
          for (const [passed, standing] of steps) {
            now += passed;
            const done = step({ known, standing, receivers: [all], patienceMs: 5 * MINUTE, now });
            known = after(known, done);
            said.push(...done.say.map(({ about }) => about));
          }
          expect(new Set(said).size).toBe(said.length);
          for (const about of said.filter((one) => one.includes(":over:"))) expect(said).toContain(about.replace(":over:", ":open:"));
        },
      ),
    );
  });
});

describe("the end of a run", () => {
  const run = {
    run: "heart.1",
    plan: { digest: "ab", name: "heart", version: 1 },
    phase: "finished" as const,
    round: 3,
    rounds: 3,
    cohort: 2,
    in: 2,
    deadline: null,
    waitsFor: [],
    createdAt: 0,
    endedAt: 1000,
    endText: null,
    aggregation: "plain" as const,
    metric: { name: "auroc" as const, values: [0.5, 0.87345] },
  };
  const receiver = { id: "a", causes: ["run-ended", "run-failed"], to: ["ada@example.org"], since: 0, language: "de" as const };
  const starter = (email: string) => ({ email, language: "en" as const });

  it("[X2] is told with the figure that the first page shows", () => {
    expect(endBody(run, "en").next).toBe("Round 3 of 3. auroc 0.873, the mean over its sites.");
    expect(endBody({ ...run, aggregation: "secure" }, "en").next).toBe("Round 3 of 3. auroc 0.873, over all its sites' patients.");
    expect(endBody(run, "de")).toMatchObject({
      what: "heart.1 ist fertig.",
      next: "Runde 3 von 3. auroc 0,873, im Mittel seiner Standorte.",
    });
  });

  it("[X2] goes once to each: not to channels made later, not twice to one person, a failed one as a cause", () => {
    const about = (...given: Parameters<typeof runEnds>) => runEnds(...given).map((end) => end.about);
    expect(about(run, [receiver, { ...receiver, id: "late", since: 2000 }], starter("ben@example.org"))).toEqual([
      "run-ended:heart.1:a",
      "run-ended:heart.1:starter",
    ]);
    expect(about(run, [receiver], starter("ada@example.org"))).toEqual(["run-ended:heart.1:a"]);
    expect(about({ ...run, phase: "failed" }, [receiver], starter("ben@example.org"))).toEqual(["run-ended:heart.1:starter"]);
    expect(about({ ...run, phase: "failed" }, [receiver], starter("ada@example.org"))).toEqual([]);
    expect(about(run, [], undefined)).toEqual([]);
  });
});
