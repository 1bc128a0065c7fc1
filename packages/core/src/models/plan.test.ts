import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../crypto/digest.ts";
import { isRefusal } from "../base/errors.ts";
import type { RunId } from "../base/ids.ts";
import { heartManifest, heartManifestDigest, heartPlan, planWith } from "./heart.fixture.ts";
import type { Manifest } from "./manifest.ts";
import { planDigest, planText, readPlan } from "./plan-digest.ts";
import { checkPlanAgainstBase, type Plan } from "./plan.ts";

/** The same data with the keys of every object in another order. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reordered(inner)]),
  );
};

describe("a plan's digest", () => {
  it("[P1] does not depend on how the JSON is written", () => {
    for (const text of [planText(heartPlan), JSON.stringify(reordered(heartPlan)), JSON.stringify(heartPlan, null, 3)]) {
      expect(readPlan(text)).toMatchObject({ ok: true, digest: planDigest(heartPlan) });
    }
  });

  it("[P1] is this one: plans approved with an earlier build must stay approved", () => {
    expect(planDigest(heartPlan)).toBe("a1a626215364d846e82178d8bda63cba5fe40c5dcfc4174c1cd4c91229fe3ead");
  });

  it("[P1] changes with every number in the plan", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4096 }),
        fc.integer({ min: 1, max: 9999 }),
        fc.double({ min: 0.001, max: 10, noNaN: true }),
        (batch, count, learningRate) => {
          const changed = planWith({ training: { batch, optimizer: { name: "sgd", learningRate, momentum: 0.9 } }, rounds: { count } });
          const same = batch === heartPlan.training.batch && count === heartPlan.rounds.count && learningRate === 0.1;
          expect(planDigest(changed) === planDigest(heartPlan)).toBe(same);
        },
      ),
    );
  });
});

describe("reading a plan", () => {
  it("[P3] names every problem by its path", () => {
    const broken = {
      ...heartPlan,
      version: 0,
      training: { ...heartPlan.training, batch: "many", clip: -1 },
      cohort: { ...heartPlan.cohort, fraction: 2 },
    };
    const answer = readPlan(JSON.stringify(broken));
    expect(isRefusal(answer)).toBe(true);
    if (!isRefusal(answer)) return;
    expect(answer.code).toBe("plan-invalid");
    expect(answer.text).toContain("4 problem(s)");
    for (const path of ["version:", "training.batch:", "training.clip:", "cohort.fraction:"]) expect(answer.text).toContain(path);
  });

  it("[P3] refuses what is not data: unknown fields, no JSON, another format", () => {
    expect(readPlan("plan()")).toMatchObject({ ok: false, code: "plan-invalid" });
    expect(readPlan(JSON.stringify({ ...heartPlan, code: "x" }))).toMatchObject({ ok: false, code: "plan-invalid" });
    expect(readPlan(JSON.stringify({ ...heartPlan, format: "engraft.plan/2" }))).toMatchObject({ ok: false, code: "plan-invalid" });
  });
});

describe("a plan against its base", () => {
  const check = (plan: Plan, manifest: Manifest = heartManifest, digest = heartManifestDigest) =>
    checkPlanAgainstBase(plan, digest, manifest);

  it("[P2] fits", () => {
    expect(check(heartPlan)).toEqual({ ok: true });
    expect(check(planWith({ metrics: { compareIntercept: true, compareAlone: false } }))).toEqual({ ok: true });
    // A base that has seen no patient of a site leaves the split to the plan.
    expect(
      check(planWith({ data: { split: { salt: "other", train: 0.5, validation: 0.25 } } }), { ...heartManifest, split: null }),
    ).toEqual({ ok: true });
  });

  const compareRelease = { run: "heart-head.1" as RunId, checkpoint: sha256("earlier"), bytes: 12 };
  it("[M11] an earlier model fits that has as many values as the plan trains, with a control variate behind them or without", () => {
    for (const bytes of [12, 24])
      expect(check(planWith({ metrics: { compareRelease: { ...compareRelease, bytes } } }))).toEqual({ ok: true });
  });

  it.each<[string, Plan, Manifest?]>([
    ["the manifest has another digest", { ...heartPlan, base: { ...heartPlan.base, manifest: sha256("other") } }],
    ["the weights have another digest", { ...heartPlan, base: { ...heartPlan.base, weights: sha256("other") } }],
    ["name or version differ", { ...heartPlan, base: { ...heartPlan.base, version: "2.0" } }],
    ["the fields differ", planWith({ data: { fields: [...heartPlan.data.fields].reverse() } })],
    [
      "the label differs",
      planWith({ data: { label: { name: "disease", title: "Coronary heart disease", positive: ["1"], negative: ["0"] } } }),
    ],
    ["the patient split differs", planWith({ data: { split: { ...heartPlan.data.split, salt: "other" } } })],
    [
      "it changes copies of recordings, and the base takes none",
      planWith({ training: { augmentation: { of: "recordings", copies: 1, scale: 0, shift: 0, noise: 0.1 } } }),
    ],
    ["of single sites' figures, so perSite must be true", planWith({ metrics: { compareIntercept: true, perSite: false } })],
    [
      "a head, and so an intercept, of its own",
      planWith({ metrics: { compareIntercept: true }, training: { trainable: { part: "all", personal: "head" } } }),
    ],
    ["metrics.compareRelease is of single sites' figures", planWith({ metrics: { compareRelease, perSite: false, compareAlone: false } })],
    ["has 16 bytes, which is not what this plan trains", planWith({ metrics: { compareRelease: { ...compareRelease, bytes: 16 } } })],
    ["nothing is trained", heartPlan, { ...heartManifest, tensors: heartManifest.tensors.filter((tensor) => tensor.depth > 0) }],
  ])("[P2] names the misfit: %s", (what, plan, manifest) => {
    const answer = check(plan, manifest);
    expect(isRefusal(answer)).toBe(true);
    if (isRefusal(answer)) expect(answer.text).toContain(what);
  });
});
