import { describe, expect, it } from "vitest";
import { leaving } from "./leaves.ts";
import { securePlan } from "../form/sites.fixture.ts";

const SIZE = { vectorLength: 1601, headInputs: 0 };

describe("what leaves a site", () => {
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
    // Of the rounds, of the end, and of a probe before the run.
    expect(open.filter(({ how }) => how.includes("where the steward allows it"))).toHaveLength(3);
  });

  it("[F4] is one vector of counts and no update where a plan is of a summary", () => {
    const rows = leaving({ ...securePlan, summary: { bins: 8 }, metrics: { ...securePlan.metrics, perSite: false } }, SIZE);
    expect(rows.filter(({ hidden }) => hidden).map(({ what, when }) => [what, when])).toEqual([
      ["Counts of patients: by field, by label, without a value", "once"],
    ]);
    expect(rows.some(({ what }) => what.includes("Update"))).toBe(false);
  });

  it("is readable altogether under plain aggregation", () => {
    const rows = leaving({ ...securePlan, aggregation: { method: "plain" } }, SIZE);
    expect(rows.map(({ reader }) => reader)).toEqual(rows.map(() => "the coordinator"));
    expect(rows[0]).toMatchObject({ what: "Update of the trained part", size: "6.4 KB" });
  });
});
