import { readFileSync } from "node:fs";
import type { BaseView } from "@engraft/coordinator/api/views";
import { canonicalJson } from "@engraft/core/base/canonical";
import type { Digest, RunId } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { Plan } from "@engraft/core/models/plan";
import { completeDraft } from "@engraft/core/models/plan-draft";
import { describe, expect, it } from "vitest";
import { planOf as ecgPlan } from "../../../../../../examples/ecg/plan.ts";
import { planOf as mriPlan } from "../../../../../../examples/brain-mri/plan.ts";
import { demoPlan } from "../../../../../../examples/heart-disease/demo-plan.ts";
import { differences, merged } from "./merge.ts";
import { enrolledSites } from "./sites.fixture.ts";
import { keptValues, wholeDraft, writtenFrom } from "./written-plan.ts";

const example = (path: string): Buffer => readFileSync(new URL(`../../../../../../examples/${path}`, import.meta.url));
const manifestText = example("heart-disease/base/manifest.json");
const heart = Manifest.parse(JSON.parse(manifestText.toString("utf8")));
const sites = enrolledSites(4);
const read = (draft: object): Plan => Plan.parse(completeDraft(draft, sites));

/** The base that a plan names. Of the examples whose base is made from downloads only what a form reads of it is there. */
const baseOf = ({ base, data }: Plan): BaseView => ({
  digest: base.manifest,
  name: base.name,
  version: base.version,
  manifest: {
    ...heart,
    name: base.name,
    version: base.version,
    fields: data.fields,
    label: data.label,
    split: null,
    weights: { ...heart.weights, digest: base.weights },
  },
  importedAt: 0,
});
const downloaded = { name: "from-afar", version: "1.0", digest: sha256("manifest"), weights: sha256("weights") };
const picture = { kind: "image", name: "file", title: "Slice" };

const written = JSON.parse(example("heart-disease/plan.json").toString("utf8")) as Plan;
const EXAMPLES: Readonly<Record<string, Plan>> = {
  "heart-disease/plan.json": read(written),
  "heart-disease, the demo": read(demoPlan(heart)),
  "brain-mri": read(mriPlan({ ...downloaded, fields: [picture] }, undefined)),
  ecg: read(ecgPlan(downloaded, undefined)),
};

/** What a plan may also hold: each rounded, left out or not shown by the form. */
const CHANGES: Readonly<Record<string, (plan: Plan) => unknown>> = {
  "as it is": (plan) => plan,
  "in compact words": (plan) => ({ ...plan, aggregation: { ...plan.aggregation, encoding: "compact" } }),
  "with weights of its own": (plan) => ({ ...plan, aggregation: { ...plan.aggregation, weights: "equal", weightCap: 17 } }),
  "with a minimum of patients": (plan) => ({ ...plan, data: { ...plan.data, minimum: { train: 20, test: 5, perClass: 3 } } }),
  "split in thirds": (plan) => ({ ...plan, data: { ...plan.data, split: { ...plan.data.split, train: 1 / 3, validation: 1 / 7 } } }),
  "of a third of the sites": (plan) => ({ ...plan, aggregation: { method: "plain" }, cohort: { ...plan.cohort, fraction: 1 / 3 } }),
  "with a purpose between spaces": (plan) => ({ ...plan, purpose: `  ${plan.purpose}\n` }),
  "with rates of a head that is alone": (plan) => ({
    ...plan,
    training: { ...plan.training, trainable: { part: "head", norm: "local" }, depthRates: [1, 0.3], unfreezeEvery: 2 },
  }),
  "with criteria": (plan) => ({
    ...plan,
    acceptance: [
      { metric: "auroc", on: "pooled", limit: { atLeast: 0.8 } },
      { metric: "loss", on: "each-site", limit: { atMost: 1e-7 } },
    ],
  }),
  "with an earlier model": (plan) => ({
    ...plan,
    metrics: {
      ...plan.metrics,
      perSite: true,
      compareRelease: { run: "heart.1" as RunId, checkpoint: "ab".repeat(32) as Digest, bytes: 2820 },
    },
  }),
  "with copies": (plan) => ({
    ...plan,
    training: { ...plan.training, augmentation: { of: "recordings", copies: 2, scale: 0.1, shift: 0, noise: 0.05 } },
  }),
  "of a summary": ({ metrics: { names, minCount }, ...plan }) => ({
    ...plan,
    rounds: { count: 1, stop: null },
    metrics: { names, minCount, perSite: false, compareAlone: false },
    summary: { bins: 9 },
  }),
};

describe("a plan through the form and out again", () => {
  const all = Object.entries(EXAMPLES).flatMap(([of, plan]) =>
    Object.entries(CHANGES).map(([how, change]) => [`${of} ${how}`, change(plan)] as const),
  );

  it.each(all)("has the bytes that it had: %s", (_, changed) => {
    const plan = Plan.parse(changed);
    const through = wholeDraft(writtenFrom(plan, baseOf(plan), sites), plan.version, sites);
    expect(canonicalJson(through)).toBe(canonicalJson(plan));
  });

  it.each(all)("differs as its next version in nothing but the version: %s", (_, changed) => {
    const plan = Plan.parse(changed);
    const next = Plan.parse(wholeDraft(writtenFrom(plan, baseOf(plan), sites), plan.version + 1, sites));
    expect(canonicalJson({ ...next, version: plan.version })).toBe(canonicalJson(plan));
  });

  it("changes what is typed, and keeps the rest: also what no field shows, which is said", () => {
    const plan = read({ ...written, data: { ...written.data, minimum: { train: 20, test: 5, perClass: 3 } } });
    const begun = writtenFrom(plan, baseOf(plan), sites);
    const typed = { ...begun, form: { ...begun.form, batch: "7", optimizer: "sgd" as const, rate: "0.5" } };
    const whole = Plan.parse(wholeDraft(typed, plan.version, sites));
    expect(differences(plan, whole)).toEqual([
      { path: "training.batch", value: 7 },
      { path: "training.optimizer.name", value: "sgd" },
      { path: "training.optimizer.learningRate", value: 0.5 },
      { path: "training.optimizer.momentum", value: 0.9 },
    ]);
    expect(keptValues(typed, plan.version, sites).map(({ path }) => path)).toContain("data.minimum");
  });

  it("leaves no value of one kind of sum behind where another is chosen", () => {
    const plan = read(written);
    const begun = writtenFrom(plan, baseOf(plan), sites);
    const plain = Plan.parse(wholeDraft({ ...begun, form: { ...begun.form, method: "plain", perSite: true } }, plan.version, sites));
    expect(plain.aggregation).toEqual({ method: "plain" });
  });

  it("takes the key under which a site is enrolled now", () => {
    const plan = read(written);
    const anew = sites.map((one, at) => (at === 0 ? { ...one, publicKey: enrolledSites(9)[8]?.publicKey ?? one.publicKey } : one));
    const next = Plan.parse(wholeDraft(writtenFrom(plan, baseOf(plan), anew), plan.version, anew));
    expect(next.aggregation).toEqual({
      ...plan.aggregation,
      directory: anew.map(({ site, publicKey }) => ({ site, publicKey, operator: site, withCoordinator: false })),
    });
  });
});

describe("three versions brought together", () => {
  it("takes what was removed out, what was added in, and leaves what only the source has", () => {
    const source = { kept: 1, gone: { a: 1 }, nested: { shown: 1, hidden: [1, 2] } };
    const before = { gone: { a: 1 }, nested: { shown: 1 } };
    const after = { nested: { shown: 2, added: true } };
    expect(merged(before, after, source)).toEqual({ kept: 1, nested: { shown: 2, added: true, hidden: [1, 2] } });
  });
});
