import { describe, expect, it } from "vitest";
import { encodedWords, layoutOf } from "../../secagg/quantize.ts";
import { encodingOf } from "../../secagg/encoding-of-plan.ts";
import { packedWords } from "../../secagg/pack.ts";
import { vectorSizeOf } from "../../models/analytic.ts";
import { completeDraft } from "../../models/plan-draft.ts";
import { heartManifest, heartPlan } from "../../models/heart.fixture.ts";
import { Plan } from "../../models/plan.ts";
import { directoryOf } from "../../secagg/federation.fixture.ts";
import { maskedVectorBytes, planCost } from "./plan-cost.ts";

const enrolled = directoryOf(4).sites.map(({ site, publicKey }) => ({ site, publicKey }));
const secure = (aggregation: object, training: Partial<Plan["training"]> = {}): Plan =>
  Plan.parse(
    completeDraft(
      { ...heartPlan, training: { ...heartPlan.training, ...training }, aggregation: { method: "secure", ...aggregation } },
      enrolled,
    ),
  );

describe("what a plan costs", () => {
  it.each([
    secure({}),
    secure({ encoding: "compact", weightCap: 1000 }),
    secure({ encoding: "compact", weightCap: 1000 }, { trainable: { part: "all" } }),
    secure({ encoding: "full" }, { analytic: { method: "ridge", rounds: 1, penalty: 1, bound: 8 } }),
  ])("counts the bytes of a masked vector as the encoding has them", (plan) => {
    for (const of of [
      { purpose: "train", round: 1 },
      { purpose: "evaluate", round: 2 },
    ] as const) {
      const encoding = encodingOf(plan, vectorSizeOf(plan, heartManifest), of);
      expect(maskedVectorBytes(plan, vectorSizeOf(plan, heartManifest), of)).toBe(4 * packedWords(layoutOf(encoding)));
      expect(encodedWords(encoding)).toBeGreaterThan(0);
    }
  });

  it("counts the trained values of every depth, and what a round sends each way", () => {
    const cost = planCost({ ...heartPlan, aggregation: { method: "plain" } }, heartManifest);
    expect(cost).toMatchObject({ trained: 3, total: 13, up: { vector: 12, exchange: 0 }, down: { vector: 12, exchange: 0 } });
    expect(cost.depths).toEqual([
      { part: "head", values: 3 },
      { part: "all", values: 13 },
    ]);
    const masked = planCost(secure({}), heartManifest);
    expect(masked.otherUp).toBe(12);
    expect(cost.otherUp).toBeGreaterThan(masked.up.vector);
    expect(masked.up.exchange).toBeGreaterThan(1000);
  });
});
