import { readFileSync } from "node:fs";
import type { BaseView } from "@engraft/coordinator/api/views";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { describe, expect, it } from "vitest";
import { draftOf, formFromBase, formFromPlan, judge, type PlanForm } from "./plan-form.ts";

const text = readFileSync(new URL("../../../../../examples/heart-disease/base/manifest.json", import.meta.url));
const manifest = Manifest.parse(JSON.parse(text.toString("utf8")));
const base: BaseView = { digest: sha256(text), name: manifest.name, version: manifest.version, manifest, importedAt: 0 };
const form: PlanForm = { ...formFromBase(base), purpose: "For a test." };
const judged = (change: Partial<PlanForm>) => judge(draftOf({ ...form, ...change }, base, 1), base);

describe("the propose form", () => {
  it("starts with values that need only a purpose", () => {
    expect(judged({}).plan).toBeDefined();
    expect(judged({ purpose: " " }).wrong).toEqual({ purpose: "Enter what the model is for, in a sentence that a steward can judge." });
  });

  it("gives the same plan from a plan's own values", () => {
    const { plan } = judged({ part: "last-blocks", blocks: "1", stops: true, fraction: "35", optimizer: "adam" });
    if (plan === undefined) throw new Error("the plan is right");
    expect(draftOf(formFromPlan(plan), base, plan.version)).toEqual(plan);
  });

  it.each([
    ["batch", "0"],
    ["batch", "abc"],
    ["batch", ""],
    ["batch", "1.5"],
    ["rate", "-1"],
    ["rounds", "10001"],
    ["fraction", "0"],
    ["clip", "0"],
    ["name", "Heart Head"],
    ["minCount", "0"],
  ] as const)("says at %s what to enter instead of %j", (key, value) => {
    const { plan, wrong } = judged({ [key]: value });
    expect(plan).toBeUndefined();
    expect(Object.keys(wrong)).toEqual([key]);
    expect(wrong[key]).toMatch(/^Enter /);
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
    const draft = draftOf(form, base, 1) as object;
    expect(judge({ ...draft, code: "rm -rf" }, base).general).toHaveLength(1);
    expect(judge(draft, undefined).general[0]).toMatch(/not here/);
    expect(judge(draft, { ...base, digest: "0".repeat(64) }).general[0]).toMatch(/does not fit its base/);
  });
});
