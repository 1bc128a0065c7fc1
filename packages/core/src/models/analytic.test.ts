import { describe, expect, it } from "vitest";
import { analyticOf, binaryPlaces, headInputsOf, MAX_HEAD_INPUTS, vectorSizeOf, type Analytic } from "./analytic.ts";
import { stepInWords } from "./analytic-words.ts";
import { heartManifest, heartManifestDigest, heartPlan, planWith } from "./heart.fixture.ts";
import type { Label } from "./labels.ts";
import type { Manifest } from "./manifest.ts";
import { planDigest } from "./plan-digest.ts";
import { planInWords } from "./plan-words.ts";
import { checkPlanAgainstBase, Plan } from "./plan.ts";

const newton: Analytic = { method: "newton", rounds: 2, penalty: 10, bound: 8 };
const directory = ["a", "b", "c"].map((site, at) => ({
  site: `hospital-${site}`,
  publicKey: Buffer.alloc(32, at + 1).toString("base64url"),
  operator: "Trust",
  withCoordinator: false,
}));
const secure = {
  method: "secure",
  directory,
  weights: "bucketed",
  weightCap: 1000,
  coordinateClip: 1,
  encoding: "full",
  attempts: 3,
  phaseSeconds: 60,
} as const;

/** The heart plan under secure aggregation, with analytic rounds. */
const planOf = (
  analytic: Analytic = newton,
  training: Partial<Plan["training"]> = {},
  change: Partial<Record<keyof Plan, unknown>> = {},
): Plan => Plan.parse({ ...heartPlan, aggregation: secure, ...change, training: { ...heartPlan.training, ...training, analytic } });

const checked = (plan: Plan, manifest: Manifest = heartManifest) => checkPlanAgainstBase(plan, heartManifestDigest, manifest);

describe("[Q3] a plan with analytic rounds", () => {
  it("fits a linear head of one output, under secure aggregation", () => {
    expect(checked(planOf())).toEqual({ ok: true });
    expect(checked(planOf(newton, { trainable: { part: "all" } }))).toEqual({ ok: true });
  });

  it("is refused in plain, with the reason", () => {
    const refused = checked(planOf(newton, {}, { aggregation: { method: "plain" } }));
    expect(refused).toMatchObject({ ok: false, code: "plan-invalid" });
    expect(refused).toHaveProperty("text", expect.stringContaining("need secure aggregation"));
  });

  it.each([
    ["a head that stays at each site", planOf(newton, { trainable: { part: "head", personal: "head" } }), "nothing is trained"],
    ["a personal head above blocks that travel", planOf(newton, { trainable: { part: "all", personal: "head" } }), "stays at each site"],
    ["more analytic rounds than rounds", planOf({ ...newton, rounds: 3 }), "do not fit into 2"],
    ["a bound that leaves no places", planOf({ ...newton, bound: 1e6 }), "rounded too coarsely"],
  ])("is refused with %s", (_what, plan, words) => {
    expect(checked(plan)).toHaveProperty("text", expect.stringContaining(words));
  });

  it("is refused for heads that are not one linear layer of one output, or are too wide", () => {
    const head = (shape: readonly number[], bias: readonly number[]): Manifest => ({
      ...heartManifest,
      tensors: [
        { name: "head/kernel", shape: [...shape], depth: 0 },
        { name: "head/bias", shape: [...bias], depth: 0 },
      ],
    });
    const text = (manifest: Manifest) => checked(planOf(), manifest);
    expect(text(head([4, 1], [1]))).toEqual({ ok: true });
    for (const other of [head([4, 2], [2]), head([4, 1, 1], [1]), head([4], [1])])
      expect(text(other)).toHaveProperty("text", expect.stringContaining("last layer with one output"));
    expect(text(head([MAX_HEAD_INPUTS, 1], [1]))).toEqual({ ok: true });
    expect(text(head([MAX_HEAD_INPUTS + 1, 1], [1]))).toHaveProperty("text", expect.stringContaining("inputs"));
    expect(headInputsOf([...head([4, 1], [1]).tensors, { name: "more", shape: [1], depth: 0 }], { part: "head" })).toBeUndefined();
  });

  it.each([
    ["a server optimizer", { strategy: { name: "fedavgm", serverRate: 1, momentum: 0.9 } }, "FedAvgM goes by updates"],
    ["control variates", { strategy: { name: "scaffold", serverRate: 1 } }, "SCAFFOLD goes by updates"],
    ["a look at single updates", { strategy: { name: "median" } }, "Coordinate median goes by updates"],
    ["FedProx and no round that trains", { strategy: { name: "fedprox", mu: 0.1 } }, "every round is analytic"],
    ["a mixed model", { metrics: { ...heartPlan.metrics, perSite: true, compareAlone: true, compareMix: true } }, "metrics.compareMix"],
  ])("is refused beside %s", (_what, change, words) => {
    const refused = checked(planOf(newton, {}, change));
    expect(refused).toMatchObject({ ok: false, code: "plan-invalid" });
    expect(refused).toHaveProperty("text", expect.stringContaining(words));
  });

  it("goes with FedProx where rounds are left that train", () => {
    const strategy = { name: "fedprox", mu: 0.1 };
    expect(checked(planOf(newton, {}, { strategy, rounds: { count: 3, stop: null } }))).toEqual({ ok: true });
  });

  it("is for a time to an event by Newton's method alone, within a bound that its sums fit in, and for no other kind", () => {
    const label: Label = {
      kind: "survival",
      name: "death",
      title: "Death",
      time: { name: "days", unit: "d", max: 9000 },
      event: { name: "dead", occurred: ["1"], censored: ["0"] },
    };
    const hazards = (analytic: Analytic) =>
      planOf(analytic, {}, { data: { ...heartPlan.data, label }, metrics: { ...heartPlan.metrics, names: ["c-index"] } });
    const manifest = { ...heartManifest, label };
    expect(checked(hazards(newton), manifest)).toEqual({ ok: true });
    const words = planInWords(hazards(newton), manifest).map(({ words }) => words);
    expect(words.join(" ")).toMatch(/proportional hazards.*patients still at risk/s);
    expect(checked(hazards({ ...newton, bound: 1.5 }), manifest)).toHaveProperty("text", expect.stringContaining("at least 2"));
    const ridge = hazards({ ...newton, method: "ridge", rounds: 1 });
    expect(checked(ridge, manifest)).toHaveProperty("text", expect.stringContaining("choose newton"));
    const grade: Label = {
      kind: "ordinal",
      name: "grade",
      title: "Grade",
      classes: ["0", "1", "2"].map((name) => ({ name, codes: [name] })),
    };
    const grades = planOf(
      newton,
      {},
      { data: { ...heartPlan.data, label: grade }, metrics: { ...heartPlan.metrics, names: ["accuracy"] } },
    );
    expect(checked(grades, { ...heartManifest, label: grade })).toHaveProperty("text", expect.stringContaining("yes/no label or a time"));
  });

  it("takes one round of least squares, and no round of none", () => {
    expect(() => planOf({ ...newton, method: "ridge" })).toThrow("one round");
    expect(() => planOf({ ...newton, rounds: 0 })).toThrow("Too small");
  });

  it("says to a steward what is solved and what leaves; a plan without says and digests what it did", () => {
    const words = planInWords(planOf(), heartManifest);
    expect(words.find(({ topic }) => topic === "Solves")?.words).toContain("All rounds: nothing is trained");
    expect(words.find(({ topic }) => topic === "Leaves the site")?.words).toContain("sums over this site's training samples");
    expect(planInWords(planOf({ ...newton, rounds: 1 }), heartManifest).find(({ topic }) => topic === "Solves")?.words).toContain(
      "Round 1:",
    );
    expect(JSON.stringify(planInWords(planWith({}), heartManifest))).not.toContain("olves");
    expect(planDigest(Plan.parse(heartPlan))).toBe(planDigest(heartPlan));
    expect(planDigest(planOf())).not.toBe(planDigest(planOf({ ...newton, penalty: 11 })));
  });
});

describe("[Q5] a round", () => {
  it("is analytic by its own number, or always where the whole run is", () => {
    const rounds = (analytic: number, count: number) =>
      [1, 2, 3, 4].filter(
        (round) =>
          analyticOf(planOf({ ...newton, rounds: analytic }, {}, { rounds: { count, stop: null } }), { purpose: "train", round }) !==
          undefined,
      );
    expect(rounds(2, 5)).toEqual([1, 2]);
    expect(rounds(2, 2)).toEqual([1, 2, 3, 4]);
    expect(analyticOf(planOf(), { purpose: "evaluate", round: 1 })).toBeUndefined();
    expect(analyticOf(heartPlan, { purpose: "train", round: 1 })).toBeUndefined();
  });

  it("has sums as fine as a double lets them be", () => {
    for (const [sites, cap, bound] of [
      [3, 1000, 8],
      [100, 100_000, 32],
      [5, 10, 0.1],
    ] as const) {
      const places = binaryPlaces({ ...newton, bound }, sites, cap);
      expect(sites * cap * Math.max(1, bound) ** 2 * 2 ** places).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
      expect(places).toBe(places === 40 ? 40 : Math.floor(Math.log2(Number.MAX_SAFE_INTEGER / sites / cap / Math.max(1, bound) ** 2)));
    }
    expect(vectorSizeOf(planOf(), heartManifest)).toEqual({ vectorLength: 3, headInputs: 2 });
    expect(vectorSizeOf(heartPlan, heartManifest)).toEqual({ vectorLength: 3, headInputs: 0 });
  });

  it("has a name", () => {
    expect([stepInWords(newton, 2), stepInWords({ ...newton, method: "ridge", rounds: 1 }, 1)]).toEqual([
      "Newton step 2 of 2",
      "least squares in one step",
    ]);
  });
});
