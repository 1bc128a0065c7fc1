import { Plan } from "@engraft/core/models/plan";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { encodedWords } from "@engraft/core/secagg/quantize";
import { describe, expect, it } from "vitest";
import { leaving, maskedBytes } from "./leaves.ts";
import { securePlan } from "./sites.fixture.ts";

const VALUES = 1601;

describe("what leaves a site", () => {
  it.each(["train", "evaluate"] as const)("has the size of the vector that is sent: %s", (purpose) => {
    for (const compareAlone of [true, false]) {
      const plan = Plan.parse({ ...securePlan, metrics: { ...securePlan.metrics, compareAlone } });
      expect(maskedBytes(plan, VALUES, purpose)).toBe(4 * encodedWords(encodingOf(plan, VALUES, purpose)));
    }
  });

  it("is readable only as a sum, except for figures that the plan asks of single sites", () => {
    const rows = leaving(securePlan, VALUES);
    expect(rows.filter(({ hidden }) => hidden)).toHaveLength(2);
    expect(rows.some(({ what }) => what.includes("own patients"))).toBe(false);
    const open = leaving({ ...securePlan, metrics: { ...securePlan.metrics, perSite: true } }, VALUES);
    expect(open.filter(({ how }) => how.includes("where the steward allows it"))).toHaveLength(2);
  });

  it("is readable altogether under plain aggregation", () => {
    const rows = leaving({ ...securePlan, aggregation: { method: "plain" } }, VALUES);
    expect(rows.map(({ reader }) => reader)).toEqual(rows.map(() => "the coordinator"));
    expect(rows[0]).toMatchObject({ what: "Update of the trained part", size: "6.4 KB" });
  });
});
