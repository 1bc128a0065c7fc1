/** A plan's acceptance criteria, held against what was measured on test patients. Free of node's modules: pages use it too. */
import { weightedMean } from "../models/metric-means.ts";
import type { AcceptanceRule, Plan } from "../models/plan.ts";
import type { RunView } from "../rounds/view.ts";
import type { Criterion } from "./statement.ts";

/** None where the plan has none. A figure that nobody measured meets nothing. */
export const criteriaOf = (plan: Plan, view: RunView): readonly Criterion[] =>
  (plan.acceptance ?? []).map((rule) => {
    const value = measured(rule, view) ?? null;
    return { ...rule, value, met: value !== null && meets(rule, value) };
  });

const meets = ({ limit }: AcceptanceRule, value: number): boolean => ("atLeast" in limit ? value >= limit.atLeast : value <= limit.atMost);

function measured({ metric, on, limit }: AcceptanceRule, view: RunView): number | undefined {
  if (on === "pooled") return view.evaluationRound?.sum?.pooled.federated?.values[metric]?.value;
  const sites = view.comparisons.flatMap(({ federated }) => (federated === null ? [] : [federated]));
  if (on === "mean") return weightedMean(sites, metric);
  const values = sites.flatMap(({ values: { [metric]: figure } }) => (figure === null || figure === undefined ? [] : [figure.value]));
  if (values.length === 0) return undefined;
  return "atLeast" in limit ? Math.min(...values) : Math.max(...values);
}
