import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import type { PublicKey, SiteName } from "../base/ids.ts";
import { vectorSizeOf } from "./analytic.ts";
import { heartManifest, heartManifestDigest, heartPlan, planWith } from "./heart.fixture.ts";
import { planDigest, readPlan } from "./plan-digest.ts";
import { completeDraft } from "./plan-draft.ts";
import { planInWords } from "./plan-words.ts";
import { checkPlanAgainstBase, Plan } from "./plan.ts";
import { Strategy } from "./strategy-schema.ts";
import { travellingClip } from "./strategy.ts";

const enrolled = ["aarau", "basel", "chur"].map((site) => ({ site: site as SiteName, publicKey: "A".repeat(43) as PublicKey }));
const secure = (plan: Plan): Plan => Plan.parse(completeDraft({ ...plan, aggregation: { method: "secure" } }, enrolled));
const under = (strategy: Strategy, plan: Plan = heartPlan): Plan => Plan.parse({ ...plan, strategy });
const check = (plan: Plan) => checkPlanAgainstBase(plan, heartManifestDigest, heartManifest);
const reason = (plan: Plan): string => {
  const answer = check(plan);
  return isRefusal(answer) ? answer.text : "fits";
};

/** Plain steps, equally many at each site. */
const steps = planWith({
  training: { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 }, amount: { unit: "updates", count: 10 } },
});
const adaptive = { serverRate: 0.1, beta1: 0.9, tau: 0.001 };
const ANYWHERE: readonly Strategy[] = [
  { name: "fedavgm", serverRate: 1, momentum: 0.9 },
  { name: "fedadagrad", ...adaptive },
  { name: "fedadam", ...adaptive, beta2: 0.99 },
  { name: "fedyogi", ...adaptive, beta2: 0.99 },
  { name: "fedprox", mu: 0.1 },
  { name: "scaffold", serverRate: 1 },
];
const ROBUST: readonly Strategy[] = [{ name: "median" }, { name: "trimmed-mean", liars: 1 }, { name: "krum", liars: 1, keep: 2 }];
const seven = planWith({ cohort: { minSites: 7 } }, steps);

describe("a plan's strategy", () => {
  it.each(ANYWHERE)("fits plain and secure aggregation: $name", (strategy) => {
    expect(check(under(strategy, steps))).toEqual({ ok: true });
    expect(check(under(strategy, secure(steps)))).toEqual({ ok: true });
  });

  it.each(ROBUST)("[R26] that looks at single updates is refused under the masks, with the reason: $name", (strategy) => {
    expect(check(under(strategy, seven))).toEqual({ ok: true });
    expect(reason(under(strategy, secure(seven)))).toContain("nobody sees a single one");
  });

  it.each<[string, Plan]>([
    ["rounds of at least 3 sites; cohort.minSites is 2", under({ name: "trimmed-mean", liars: 1 })],
    ["rounds of at least 5 sites; cohort.minSites is 2", under({ name: "krum", liars: 1, keep: 1 })],
    ["at most 4 updates of 7 sites with 1 liars", under({ name: "krum", liars: 1, keep: 5 }, seven)],
    ["sgd with momentum 0", under({ name: "scaffold", serverRate: 1 })],
    [
      "sgd with momentum 0",
      under({ name: "scaffold", serverRate: 1 }, planWith({ training: { optimizer: { name: "adam", learningRate: 0.1 } } }, steps)),
    ],
    [
      "equally many steps",
      under({ name: "scaffold", serverRate: 1 }, planWith({ training: { amount: { unit: "epochs", count: 1 } } }, steps)),
    ],
    ["gradients as they are", under({ name: "scaffold", serverRate: 1 }, planWith({ training: { gradientClip: 1 } }, steps))],
    ["one learning rate", under({ name: "scaffold", serverRate: 1 }, planWith({ training: { unfreezeEvery: 2 } }, steps))],
    [
      "running statistics",
      under({ name: "scaffold", serverRate: 1 }, planWith({ training: { trainable: { part: "all", norm: "shared" } } }, steps)),
    ],
  ])("[R29] that does not fit is refused: %s", (why, plan) => {
    expect(reason(plan)).toContain(why);
  });

  it("[P3] has bounded numbers", () => {
    for (const [strategy, path] of [
      [{ name: "fedadam", ...adaptive, beta2: 1 }, "strategy.beta2"],
      [{ name: "fedavgm", serverRate: 0, momentum: 0 }, "strategy.serverRate"],
      [{ name: "fedprox", mu: -1 }, "strategy.mu"],
      [{ name: "krum", liars: 0, keep: 1 }, "strategy.liars"],
      [{ name: "fedavg" }, "strategy.name"],
    ] as const) {
      expect(readPlan(JSON.stringify({ ...heartPlan, strategy }))).toMatchObject({
        code: "plan-invalid",
        text: expect.stringContaining(path),
      });
    }
  });

  it("[P1] is a part of the digest, and its absence none", () => {
    expect(planDigest(under({ name: "median" }))).not.toBe(planDigest(heartPlan));
    expect(planDigest({ ...heartPlan, strategy: undefined })).toBe(planDigest(heartPlan));
  });

  it.each([...ANYWHERE, ...ROBUST])("is said to stewards: $name", (strategy) => {
    const lines = planInWords(under(strategy, seven), heartManifest);
    expect(lines.find(({ topic }) => topic === "Strategy")?.words).toMatch(/^[A-Z].*\.$/);
    expect(planInWords(seven, heartManifest).some(({ topic }) => topic === "Strategy")).toBe(false);
  });

  it("[R27] lets twice as many numbers travel where control variates go along, and says so", () => {
    const plan = under({ name: "scaffold", serverRate: 1 }, steps);
    expect([plan, steps].map((one) => vectorSizeOf(one, heartManifest).vectorLength)).toEqual([6, 3]);
    expect(travellingClip(plan)).toBeCloseTo(5 * Math.SQRT2, 12);
    const leaves = planInWords(plan, heartManifest).find(({ topic }) => topic === "Leaves the site")?.words;
    expect(leaves).toContain("(6 numbers)");
  });
});
