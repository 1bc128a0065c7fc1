import { planChanges } from "@engraft/core/models/plan-words";
import { expect, it } from "vitest";
import { changeRows } from "./changes.ts";
import { securePlan } from "../form/sites.fixture.ts";

const without = (count: number) => {
  const { aggregation } = securePlan;
  if (aggregation.method === "plain") throw new Error("the fixture is secure");
  return { ...securePlan, aggregation: { ...aggregation, directory: aggregation.directory.slice(count) } };
};

it("has one row for a site that came or left, with every value that the change names", () => {
  const changes = planChanges(without(1), securePlan);
  const rows = changeRows(changes);
  const came = rows.find(({ path }) => path === "aggregation.directory.site-000");
  expect(came).toMatchObject({ kind: "added", before: "" });
  for (const { path, after } of changes.filter(({ kind }) => kind === "added")) {
    expect(path.endsWith(".site") || came?.after.includes(after)).toBe(true);
  }
  const left = changeRows(planChanges(securePlan, without(1))).filter(({ kind }) => kind === "removed");
  expect(left).toHaveLength(1);
  expect(left[0]?.before).toMatch(/^publicKey .+, operator site-000, withCoordinator false$/);
});

it("has one row for a criterion that came or left, and none for their list", () => {
  const rule = { metric: "auroc", on: "pooled", limit: { atLeast: 0.8 } } as const;
  const changes = planChanges(securePlan, { ...securePlan, acceptance: [rule] });
  expect(changeRows(changes)).toEqual([
    { kind: "added", path: "acceptance.0", before: "", after: "metric auroc, on pooled, limit.atLeast 0.8" },
  ]);
});

it("leaves every other change as it is", () => {
  const { aggregation } = securePlan;
  if (aggregation.method === "plain") throw new Error("the fixture is secure");
  const directory = aggregation.directory.map((one, at) => (at === 0 ? { ...one, operator: "Trust" } : one));
  const changes = planChanges(securePlan, { ...securePlan, version: 9, aggregation: { ...aggregation, directory } });
  expect(changes).toHaveLength(2);
  expect(changeRows(changes)).toEqual(changes);
});
