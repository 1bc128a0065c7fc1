import { readFileSync } from "node:fs";
import type { BaseView } from "@engraft/coordinator/api/views";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Label } from "@engraft/core/models/labels";
import { Manifest } from "@engraft/core/models/manifest";
import { completeDraft } from "@engraft/core/models/plan-draft";
import { describe, expect, it } from "vitest";
import { draftOf, formFromBase, formFromPlan, freshAggregation, type PlanForm } from "./plan-form.ts";
import { judge } from "./plan-judge.ts";
import { enrolledSites } from "./sites.fixture.ts";

const text = readFileSync(new URL("../../../../../../examples/heart-disease/base/manifest.json", import.meta.url));
const manifest = Manifest.parse(JSON.parse(text.toString("utf8")));
const base: BaseView = { digest: sha256(text), name: manifest.name, version: manifest.version, manifest, importedAt: 0 };
const sites = enrolledSites(4);
const form: PlanForm = { ...formFromBase(base, sites), purpose: "For a test." };
/** Asked for only where the head is solved for. */
const ANALYTIC: ReadonlySet<string> = new Set(["penalty", "bound", "analyticRounds"]);
const judged = (change: Partial<PlanForm>, enrolled = sites) => judge(draftOf({ ...form, ...change }, base, 1, enrolled), base, enrolled);

describe("the propose form", () => {
  it("starts with values that need only a purpose", () => {
    expect(judged({}).plan).toBeDefined();
    expect(judged({ purpose: " " }).wrong).toEqual({ purpose: "Enter what the model is for, in a sentence that a steward can judge." });
  });

  it.each<Partial<PlanForm>>([
    { part: "last-blocks", blocks: "1", stops: true, optimizer: "adam" },
    { optimizer: "adamw", gradientClip: "0.5" },
    { method: "plain", fraction: "35", perSite: true },
    { part: "all", norm: "local", personalHead: true, unfreeze: "3", depthRates: "1 0.3 0.1", balanced: true },
    { analytic: "newton", analyticRounds: "2", penalty: "0.5", bound: "16" },
    { analytic: "ridge", penalty: "3000" },
    { weights: "exact", weightCap: "900", coordinateClip: "0.5", attempts: "7", phaseSeconds: "30", perSite: true },
    { directory: form.directory.slice(1).map((one, at) => ({ ...one, operator: `Trust ${at}`, withCoordinator: at === 1 })) },
    { strategy: "fedavgm", serverRate: "0.5", serverMomentum: "0.8" },
    { strategy: "fedyogi", serverRate: "0.02", beta1: "0.8", beta2: "0.9", tau: "0.01" },
    { strategy: "fedadagrad", serverRate: "0.02" },
    { strategy: "fedprox", mu: "0.3" },
    { strategy: "scaffold", serverRate: "1", momentum: "0" },
    { strategy: "krum", method: "plain", minSites: "7", liars: "2", keep: "2" },
    { strategy: "median", method: "plain" },
    { compareMix: true, perSite: true },
    { compareIntercept: true, compareAlone: false, perSite: true },
    { encoding: "compact", weightCap: "300" },
    {
      acceptance: [
        { metric: "auroc", on: "mean", bound: "atLeast", limit: "0,8" },
        { metric: "loss", on: "each-site", bound: "atMost", limit: "0.7" },
      ],
    },
    { makes: "summary", bins: "9", perSite: false, compareAlone: false, strategy: "fedprox", analytic: "newton" },
  ])("gives the same plan from a plan's own values: %j", (change) => {
    const { plan } = judged(change);
    if (plan === undefined) throw new Error("the plan is right");
    expect(draftOf(formFromPlan(plan, sites), base, plan.version, sites)).toEqual(plan);
  });

  it("asks for no intercept where the base that was chosen last predicts times", () => {
    const label: Label = {
      kind: "survival",
      name: "x",
      title: "X",
      time: { name: "t", unit: "d", max: 9 },
      event: { name: "e", occurred: ["1"], censored: ["0"] },
    };
    const wanted = { ...form, perSite: true, compareIntercept: true };
    expect(draftOf(wanted, base, 1, sites)).toHaveProperty("metrics.compareIntercept", true);
    expect(draftOf(wanted, { ...base, manifest: { ...manifest, label } }, 1, sites)).not.toHaveProperty("metrics.compareIntercept");
  });

  it("keeps copies that a plan file declared", () => {
    const augmentation = { of: "pictures", copies: 2, flip: true, rotate: 5, brightness: 0 } as const;
    const { plan } = judged({});
    if (plan === undefined) throw new Error("the plan is right");
    const declared = { ...plan, training: { ...plan.training, augmentation } };
    expect(draftOf(formFromPlan(declared, sites), base, plan.version, sites)).toEqual(declared);
  });

  it("starts with secure aggregation over all enrolled sites and no figures of single ones, as the coordinator fills in", () => {
    const { plan } = judged({});
    expect(plan?.metrics.perSite).toBe(false);
    const { aggregation: _, ...rest } = draftOf(form, base, 1, sites) as Record<string, unknown>;
    expect(completeDraft(rest, sites)).toEqual(plan);
  });

  it("leaves nothing for the coordinator to fill in", () => {
    const { plan } = judged({ weights: "exact", directory: form.directory.slice(1) });
    expect(plan).toBeDefined();
    expect(completeDraft(plan, sites)).toEqual(plan);
  });

  it("keeps a directory whoever has joined since, and takes all enrolled ones where a plain plan had none", () => {
    const { plan } = judged({});
    if (plan === undefined) throw new Error("the plan is right");
    expect(formFromPlan(plan, enrolledSites(6)).directory).toEqual(form.directory);
    const plain = formFromPlan({ ...plan, aggregation: { method: "plain" } }, enrolledSites(6));
    expect(plain.method).toBe("plain");
    expect(plain.directory).toEqual(freshAggregation(enrolledSites(6)).directory);
  });

  it.each([
    ["batch", "0"],
    ["batch", "abc"],
    ["batch", ""],
    ["batch", "1.5"],
    ["unfreeze", "0"],
    ["depthRates", "1 0"],
    ["depthRates", "one"],
    ["rate", "-1"],
    ["serverRate", "0"],
    ["serverMomentum", "1"],
    ["rounds", "10001"],
    ["clip", "0"],
    ["gradientClip", "0"],
    ["name", "Heart Head"],
    ["minCount", "0"],
    ["weightCap", "0"],
    ["weightCap", "536870912"],
    ["attempts", "21"],
    ["phaseSeconds", ""],
    ["coordinateClip", "-1"],
    ["minSites", "5"],
    ["penalty", "0"],
    ["bound", ""],
    ["analyticRounds", "21"],
  ] as const)("says at %s what to enter instead of %j", (key, value) => {
    const { plan, wrong } = judged({
      part: "all",
      ...(ANALYTIC.has(key) ? { analytic: "newton" as const } : { strategy: "fedavgm" as const }),
      [key]: value,
    });
    expect(plan).toBeUndefined();
    expect(Object.keys(wrong)).toEqual([key]);
    expect(wrong[key]).toMatch(/^Enter /);
  });

  it("says what to do where too few sites are ticked, or enrolled", () => {
    expect(judged({ directory: form.directory.slice(2) }).wrong).toEqual({
      directory: "Tick 3 to 100 sites. A sum of fewer than 3 hides nothing.",
    });
    const two = enrolledSites(2);
    expect(judged({ ...freshAggregation(two), minSites: "2" }, two).wrong).toEqual({
      directory: "Secure aggregation needs at least 3 sites, and 2 are enrolled. Invite more hospitals under Sites, then come back.",
    });
  });

  it("names a ticked site that is not enrolled any more, and an operator that nobody can read", () => {
    expect(judged({}, sites.slice(1)).wrong.directory).toMatch(/not enrolled/);
    const operator = form.directory.map((one, at) => (at === 0 ? { ...one, operator: "Zürich" } : one));
    expect(Object.keys(judged({ directory: operator }).wrong)).toEqual(["operators"]);
  });

  it("asks for a share of sites only where not every one of a directory is asked", () => {
    expect(judged({ fraction: "0" }).plan).toBeDefined();
    expect(Object.keys(judged({ method: "plain", fraction: "0" }).wrong)).toEqual(["fraction"]);
  });

  it("says why a strategy that compares single updates does not go with secure aggregation", () => {
    expect(judged({ strategy: "median" }).general[0]).toMatch(/nobody sees a single one/);
    expect(judged({ strategy: "median", method: "plain" }).plan?.strategy).toEqual({ name: "median" });
  });

  it("asks for a metric, and for fields of the stop rule only where it is on", () => {
    expect(judged({ metrics: [] }).wrong.metrics).toMatch(/^Choose /);
    expect(judged({ patience: "x" }).plan).toBeDefined();
    expect(judged({ patience: "x", stops: true }).wrong.patience).toMatch(/^Enter /);
  });

  it("understands a decimal comma", () => {
    expect(judged({ rate: "0,02" }).plan?.training.optimizer.learningRate).toBe(0.02);
  });

  it("names what no field holds: an unknown value, a base that is not here or does not fit", () => {
    const draft = draftOf(form, base, 1, sites) as object;
    expect(judge({ ...draft, code: "rm -rf" }, base, sites).general).toHaveLength(1);
    expect(judge(draft, undefined, sites).general[0]).toMatch(/not here/);
    expect(judge(draft, { ...base, digest: "0".repeat(64) }, sites).general[0]).toMatch(/does not fit its base/);
  });
});
