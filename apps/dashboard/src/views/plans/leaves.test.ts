import { Plan } from "@engraft/core/models/plan";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { encodedWords } from "@engraft/core/secagg/quantize";
import { describe, expect, it } from "vitest";
import { leaving, maskedBytes } from "./leaves.ts";
import { securePlan } from "./sites.fixture.ts";

const SIZE = { vectorLength: 1601, headInputs: 0 };

describe("what leaves a site", () => {
  it.each(["train", "evaluate"] as const)("has the size of the vector that is sent: %s", (purpose) => {
    const solving = { training: { ...securePlan.training, analytic: { method: "ridge", rounds: 1, penalty: 1, bound: 8 } } };
    for (const [compareAlone, training] of [
      [true, {}],
      [false, {}],
      [true, solving],
    ] as const) {
      const plan = Plan.parse({ ...securePlan, ...training, metrics: { ...securePlan.metrics, compareAlone } });
      for (const round of [1, 2]) {
        const size = { ...SIZE, headInputs: 16 };
        expect(maskedBytes(plan, size, { purpose, round })).toBe(4 * encodedWords(encodingOf(plan, size, { purpose, round })));
      }
    }
  });

  it("names the sums of analytic rounds, and no update where nothing is trained", () => {
    const analytic = (rounds: number) => ({ method: "newton", rounds, penalty: 1, bound: 8 }) as const;
    const named = (rounds: number) =>
      leaving({ ...securePlan, training: { ...securePlan.training, analytic: analytic(rounds) }, rounds: { count: 3, stop: null } }, SIZE)
        .filter(({ hidden }) => hidden)
        .map(({ when }) => when);
    expect(named(2)).toEqual(["each analytic round", "each other round", "once, at the end"]);
    expect(named(3)).toEqual(["each analytic round", "once, at the end"]);
  });

  it("is readable only as a sum, except for figures that the plan asks of single sites", () => {
    const rows = leaving(securePlan, SIZE);
    expect(rows.filter(({ hidden }) => hidden)).toHaveLength(2);
    expect(rows.some(({ what }) => what.includes("own patients"))).toBe(false);
    const open = leaving({ ...securePlan, metrics: { ...securePlan.metrics, perSite: true } }, SIZE);
    expect(open.filter(({ how }) => how.includes("where the steward allows it"))).toHaveLength(2);
  });

  it("is readable altogether under plain aggregation", () => {
    const rows = leaving({ ...securePlan, aggregation: { method: "plain" } }, SIZE);
    expect(rows.map(({ reader }) => reader)).toEqual(rows.map(() => "the coordinator"));
    expect(rows[0]).toMatchObject({ what: "Update of the trained part", size: "6.4 KB" });
  });
});
