import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { PublicKey, SiteName } from "../base/ids.ts";
import { heartPlan } from "./heart.fixture.ts";
import { completeDraft } from "./plan-draft.ts";
import { readPlan } from "./plan-digest.ts";

const enrolled = ["aarau", "basel", "chur"].map((site) => ({ site: site as SiteName, publicKey: "A".repeat(43) as PublicKey }));

const read = (aggregation: object) => readPlan(JSON.stringify(completeDraft({ ...heartPlan, aggregation }, enrolled)));

describe("a plan as its author writes it", () => {
  it("gets full words over all enrolled sites where it does not say otherwise", () => {
    const plan = read({ method: "secure" });
    if (isRefusal(plan)) throw new Error(plan.text);
    expect(plan.plan.aggregation).toMatchObject({ encoding: "full", weightCap: 100_000, directory: enrolled });
  });

  it("[P3] [N7] must name the weight cap of compact words, or equal weights", () => {
    expect(read({ method: "secure", encoding: "compact" })).toMatchObject({
      code: "plan-invalid",
      text: expect.stringContaining("aggregation.weightCap: name the largest sample count"),
    });
    expect(read({ method: "secure", encoding: "compact", weightCap: 500 })).toMatchObject({
      plan: { aggregation: { encoding: "compact", weightCap: 500 } },
    });
    expect(read({ method: "secure", encoding: "compact", weights: "equal" })).toMatchObject({
      plan: { aggregation: { encoding: "compact", weights: "equal" } },
    });
  });
});
