import { describe, expect, it } from "vitest";
import type { RunView } from "../view.ts";
import { heartManifest, heartPlan } from "../../models/heart.fixture.ts";
import type { Plan } from "../../models/plan.ts";
import { pastOf, secondsFrom } from "./past.ts";

const answer = (site: string, train: number, sampleCount: number | null) => ({ site, seconds: { fetch: 9, train }, sampleCount });
const ran = (sampleCount: number | null): Pick<RunView, "run" | "rounds"> =>
  ({ run: "heart-head.1-1", rounds: [4, 2, 3].map((train) => ({ answers: [answer("graz", train, sampleCount)] })) }) as unknown as Pick<
    RunView,
    "run" | "rounds"
  >;
const trainedBy = (training: Partial<Plan["training"]>): Plan => ({ ...heartPlan, training: { ...heartPlan.training, ...training } });

describe("seconds from earlier runs", () => {
  it("takes the median of a site's own seconds", () => {
    expect(pastOf(ran(100), heartPlan, heartManifest)).toEqual([
      { site: "graz", run: "heart-head.1-1", seconds: 3, unit: "epochs", amount: 2, batch: 16, trained: 3, samples: 100 },
    ]);
  });

  it("scales them by passes and by values, and by samples where the unit is another", () => {
    const [known] = pastOf(ran(160), heartPlan, heartManifest);
    const [masked] = pastOf(ran(null), heartPlan, heartManifest);
    if (known === undefined || masked === undefined) throw new Error("a site trained");
    expect(secondsFrom(known, trainedBy({ amount: { unit: "epochs", count: 6 } }), heartManifest)).toBeCloseTo(9);
    expect(secondsFrom(known, trainedBy({ trainable: { part: "all" } }), heartManifest)).toBeCloseTo((3 * 39) / 19);
    // 2 passes over 160 samples are 20 updates of 16.
    const updates = trainedBy({ amount: { unit: "updates", count: 40 } });
    expect(secondsFrom(known, updates, heartManifest)).toBeCloseTo(6);
    expect(secondsFrom(masked, updates, heartManifest)).toBeUndefined();
  });
});
