import { describe, expect, it } from "vitest";
import { heartManifest, heartPlan } from "./heart.fixture.ts";
import type { Plan } from "./plan.ts";
import { changeMeaning } from "./plan-meaning.ts";
import { planChanges } from "./plan-words.ts";

const meanings = (after: Plan, before: Plan = heartPlan) =>
  planChanges(before, after).map((change) => changeMeaning(change, { before, after, manifest: heartManifest }));
const trainedBy = (training: Partial<Plan["training"]>): Plan => ({ ...heartPlan, training: { ...heartPlan.training, ...training } });

describe("what a change means for a site", () => {
  it("says how the update's size moves", () => {
    expect(meanings(trainedBy({ trainable: { part: "all" } }))).toEqual(["The update grows from 3 to 13 numbers."]);
    expect(meanings(heartPlan, trainedBy({ trainable: { part: "all" } }))).toEqual(["The update shrinks from 13 to 3 numbers."]);
  });

  it("tells more from less", () => {
    const { count } = heartPlan.rounds;
    expect(meanings({ ...heartPlan, rounds: { ...heartPlan.rounds, count: 2 * count } })).toEqual([
      "100 % more rounds: as much more time and traffic.",
    ]);
    expect(meanings(trainedBy({ batch: 8 }))).toEqual(["Less memory in training."]);
    expect(meanings(trainedBy({ batch: 80 }))).toEqual(["More memory in training."]);
  });

  it("names a field that is read or no longer read", () => {
    const [, ...fields] = heartPlan.data.fields;
    const fewer: Plan = { ...heartPlan, data: { ...heartPlan.data, fields } };
    expect(meanings(fewer)).toContain("No longer read: Age.");
    expect(meanings(heartPlan, fewer)).toContain("Now read: Age.");
  });
});
