import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunId } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { planDigest } from "./plan-digest.ts";
import { heartManifest, heartPlan, planWith } from "./heart.fixture.ts";
import { PLAIN_AGGREGATION_WARNING, planChanges, planInWords } from "./plan-words.ts";
import { Plan } from "./plan.ts";

const code = fc.string({ minLength: 1, maxLength: 4 });
const category = fc.record({
  kind: fc.constant("category" as const),
  name: fc.constantFrom("sex", "pain", "slope"),
  title: fc.constantFrom("Sex", "Pain"),
  values: fc.uniqueArray(fc.record({ code, means: fc.constantFrom("yes", "no", "maybe") }), {
    minLength: 2,
    maxLength: 4,
    selector: (value) => value.code,
  }),
});
const number = fc.record({
  kind: fc.constant("number" as const),
  name: fc.constantFrom("age", "chol"),
  title: fc.constant("T"),
  unit: fc.constantFrom("a", "1"),
  min: fc.integer({ min: 0, max: 3 }),
  max: fc.integer({ min: 4, max: 6 }),
});
const labels = fc
  .uniqueArray(code, { minLength: 2, maxLength: 4 })
  .chain((codes) =>
    fc.integer({ min: 1, max: codes.length - 1 }).map((cut) => ({ positive: codes.slice(0, cut), negative: codes.slice(cut) })),
  );
const plans = fc
  .record({
    fields: fc.uniqueArray(fc.oneof(category, number), { maxLength: 4, selector: (field) => field.name }),
    labels,
    batch: fc.integer({ min: 1, max: 3 }),
    optimizer: fc.constantFrom({ name: "sgd" as const, learningRate: 0.1, momentum: 0 }, { name: "adam" as const, learningRate: 0.1 }),
    stop: fc.constantFrom(
      null,
      { metric: "auroc" as const, patience: 1, minDelta: 0 },
      { metric: "loss" as const, patience: 1, minDelta: 0 },
    ),
    names: fc.uniqueArray(fc.constantFrom("auroc", "loss", "brier"), { minLength: 1 }),
    trainable: fc.constantFrom({ part: "head" }, { part: "all" }, { part: "last-blocks", blocks: 2 }),
  })
  .map(({ fields, labels: { positive, negative }, batch, optimizer, stop, names, trainable }) =>
    Plan.parse({
      ...heartPlan,
      data: { ...heartPlan.data, fields, label: { ...heartPlan.data.label, positive, negative } },
      training: { ...heartPlan.training, batch, optimizer, trainable },
      rounds: { count: 2, stop },
      metrics: { ...heartPlan.metrics, names },
    }),
  );

it("[B18] says that an intercept of the site's own is fitted and stays, where the plan asks for it", () => {
  const topics = (compareIntercept: { readonly compareIntercept?: true }) =>
    new Map(planInWords(planWith({ metrics: compareIntercept }), heartManifest).map(({ topic, words }) => [topic, words]));
  expect(topics({}).has("Own intercept")).toBe(false);
  expect(topics({ compareIntercept: true }).get("Own intercept")).toContain("It stays here");
});

describe("changes between plans", () => {
  it("[P4] are empty exactly where the digests are equal", () => {
    fc.assert(
      fc.property(plans, plans, (before, after) => {
        expect(planChanges(before, after).length === 0).toBe(planDigest(before) === planDigest(after));
      }),
      { numRuns: 2000 },
    );
  });

  it("[P4] name exactly the values that differ, each once", () => {
    const changed = planWith({ training: { batch: 32, optimizer: { name: "adam", learningRate: 0.1 } }, metrics: { names: ["auroc"] } });
    expect(planChanges(heartPlan, changed)).toEqual([
      { kind: "changed", path: "training.batch", before: "16", after: "32" },
      { kind: "changed", path: "training.optimizer.name", before: "sgd", after: "adam" },
      { kind: "removed", path: "training.optimizer.momentum", before: "0.9", after: "" },
      { kind: "changed", path: "metrics.names", before: "auroc, loss", after: "auroc" },
    ]);
  });

  it("[P4] compare lists by name, and show a changed order", () => {
    const [age, sex] = heartPlan.data.fields;
    const swapped = planWith({ data: { fields: [sex, age] as Plan["data"]["fields"] } });
    expect(planChanges(heartPlan, swapped)).toEqual([{ kind: "changed", path: "data.fields", before: "age, sex", after: "sex, age" }]);
  });
});

describe("a plan in words", () => {
  it("warns that the coordinator can read each update", () => {
    const protection = planInWords(heartPlan, heartManifest).find((line) => line.topic === "Protection");
    expect(protection).toMatchObject({ warn: true });
    expect(protection?.words).toContain(PLAIN_AGGREGATION_WARNING);
  });

  it("[M10] says which earlier model is judged too, and what of that leaves", () => {
    const compareRelease = { run: "heart-head.1" as RunId, checkpoint: sha256("earlier"), bytes: 12 };
    const also = planInWords(planWith({ metrics: { compareRelease } }), heartManifest).find(({ topic }) => topic === "Also judged");
    expect(also?.words).toContain(`the earlier model of the run heart-head.1 (checkpoint ${sha256("earlier").slice(0, 12)})`);
    expect(also?.words).toContain("Its figures, and how much better the new model is, leave");
  });

  it("says of a secure plan who takes part, how many may be missing or lie, and what leaves", () => {
    const directory = ["aarau", "basel", "chur", "davos"].map((site) => ({
      site,
      publicKey: "A".repeat(43),
      operator: site === "chur" ? "Trust of Chur" : site,
      withCoordinator: site === "chur",
    }));
    const secure = {
      method: "secure",
      directory,
      weights: "bucketed",
      weightCap: 1000,
      coordinateClip: 5,
      encoding: "full",
      attempts: 3,
      phaseSeconds: 60,
    };
    const lines = planInWords(Plan.parse({ ...heartPlan, aggregation: secure }), heartManifest);
    const text = lines.map(({ topic, words }) => `${topic}: ${words}`).join("\n");
    expect(lines.some(({ warn }) => warn === true)).toBe(false);
    expect(text).toContain("only the sum of at least 3 sites' updates, while at most 1 of the 4 sites");
    expect(text).toContain("1 may be missing");
    expect(text).toContain("aarau, basel, chur (Trust of Chur, also runs the coordinator), davos");
    expect(text).toContain("one masked vector of the update (3 numbers)");
    expect(text).not.toContain(PLAIN_AGGREGATION_WARNING);
    const other = Plan.parse({ ...heartPlan, aggregation: { ...secure, directory: directory.slice(1) } });
    const changes = planChanges(Plan.parse({ ...heartPlan, aggregation: secure }), other);
    expect(changes.map(({ path }) => path)).toContain("aggregation.directory.aarau.operator");
  });

  it("says of compact words that values are rounded, and how coarsely", () => {
    const directory = ["aarau", "basel", "chur"].map((site) => ({
      site,
      publicKey: "A".repeat(43),
      operator: site,
      withCoordinator: false,
    }));
    const words = (change: object): string | undefined => {
      const secure = { method: "secure", directory, weights: "exact", weightCap: 1500, coordinateClip: 5, encoding: "compact" };
      const aggregation = { ...secure, attempts: 3, phaseSeconds: 60, ...change };
      return planInWords(Plan.parse({ ...heartPlan, aggregation }), heartManifest).find(({ topic }) => topic === "Rounding")?.words;
    };
    expect(words({})).toContain("rounded to 20 bits each, so that five eighths of the bytes are sent. Weights and counts stay exact.");
    expect(words({})).toContain("below 1,500 samples, the more coarsely");
    expect(words({ weights: "equal" })).not.toContain("coarsely");
    expect(words({ encoding: "full" })).toBeUndefined();
  });

  it("says what is trained, on what, and what leaves the site", () => {
    const words = planInWords(planWith({ rounds: { count: 5, stop: { metric: "loss", patience: 3, minDelta: 0.01 } } }), heartManifest)
      .map((line) => `${line.topic}: ${line.words}`)
      .join("\n");
    expect(words).toContain("The head of Heart 1.0: 3 of 13 values");
    expect(words).toContain("Age, Sex");
    expect(words).toContain("yes for disease = 1, 2; no for 0");
    expect(words).toContain("60 % train, 20 % validation, 20 % test");
    expect(words).toContain("5 rounds, 2 passes over the data");
    expect(words).toContain("has not improved by 0.01 for 3 rounds");
    expect(words).toContain(
      "auroc, loss on validation patients with 95 % intervals and their number and positives, from at least 10 patients",
    );
    expect(words).toContain("at the end auroc, loss on test patients");
  });
});

describe("fine-tuning in words", () => {
  const norm = (name: string, role: "norm" | "statistic") => ({ name: `norm/${name}`, shape: [4], depth: 1, role });
  const manifest = {
    ...heartManifest,
    tensors: [
      { name: "conv/kernel", shape: [4, 3], depth: 1 },
      norm("gamma", "norm"),
      norm("mean", "statistic"),
      { name: "head/kernel", shape: [4, 1], depth: 0 },
    ],
  };
  const words = (training: Partial<Plan["training"]>): ReadonlyMap<string, string> =>
    new Map(planInWords(planWith({ training }), manifest).map((line) => [line.topic, line.words]));

  it("names what stays at the site, and counts it out of what leaves", () => {
    const said = words({ trainable: { part: "all", norm: "local", personal: "head" } });
    expect(said.get("Stays at the site")).toBe(
      "12 values are trained here and never leave: the head and normalisation. Every site has its own.",
    );
    expect(said.get("Trains")).toContain("12 of 24 values");
    expect(said.has("Normalisation")).toBe(false);
  });

  it("warns that shared normalisation tells means of this site's patients", () => {
    const said = words({ trainable: { part: "all", norm: "shared" } });
    expect(said.get("Normalisation")).toContain("means and variances of this site's patients");
    expect(said.get("Trains")).toContain("24 of 24 values");
  });

  it("says which rounds train which block, how fast, and how classes count; and nothing where nothing is said", () => {
    const said = words({ trainable: { part: "all" }, unfreezeEvery: 3, depthRates: [1, 0.1], classWeights: "balanced" });
    expect([said.get("Unfreezing"), said.get("Rate by depth"), said.get("Classes")]).toEqual([
      "Rounds 1 to 3 train the head only; one block more after every 3 rounds.",
      "From the head on: 1 x, 0.1 x; the last for all blocks below.",
      "All count alike in training, however many patients each has here.",
    ]);
    const copies = { of: "pictures", copies: 2, flip: true, rotate: 10, brightness: 0.2 } as const;
    expect(words({ augmentation: copies }).get("Copies")).toBe(
      "2 changed copies of each training picture: mirrored by chance, turned by up to 10 degrees, brighter or darker by up to 20 %. Copies stay here, as the originals do.",
    );
    const plain = words({});
    for (const topic of ["Stays at the site", "Normalisation", "Unfreezing", "Rate by depth", "Classes"])
      expect(plain.has(topic)).toBe(false);
  });
});
