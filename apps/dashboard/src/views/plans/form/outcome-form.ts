/** What comes of a plan, as the propose form holds it: a model that must reach something, or counts of patients; and what it is compared with. */
import { LEAST_SUMMARY_COUNT } from "@engraft/core/models/summary/settings";
import type { ShiftReference } from "@engraft/core/models/summary/shift";
import type { AcceptanceRule, EarlierModel, MetricName, Plan } from "@engraft/core/models/plan";
import { figure } from "./figure.ts";

export interface RuleForm {
  readonly metric: MetricName;
  readonly on: AcceptanceRule["on"];
  readonly bound: "atLeast" | "atMost";
  readonly limit: string;
}

export interface OutcomeForm {
  readonly makes: "model" | "summary";
  /** Of a summary. */
  readonly bins: string;
  readonly acceptance: readonly RuleForm[];
  readonly shift: ShiftReference | undefined;
  /** Judged beside the plan's own model. */
  readonly earlier: EarlierModel | undefined;
}

export const FRESH_OUTCOME: OutcomeForm = { makes: "model", bins: "16", acceptance: [], shift: undefined, earlier: undefined };

const ruleForm = ({ metric, on, limit }: AcceptanceRule): RuleForm =>
  "atLeast" in limit
    ? { metric, on, bound: "atLeast", limit: String(limit.atLeast) }
    : { metric, on, bound: "atMost", limit: String(limit.atMost) };

export const outcomeForm = ({ summary, acceptance, metrics }: Plan): OutcomeForm => ({
  makes: summary === undefined ? "model" : "summary",
  bins: summary === undefined ? FRESH_OUTCOME.bins : String(summary.bins),
  acceptance: (acceptance ?? []).map(ruleForm),
  shift: metrics.shift,
  earlier: metrics.compareRelease,
});

/** Figures may be NaN here. */
export const acceptanceDraft = (rules: readonly RuleForm[]): readonly AcceptanceRule[] =>
  rules.map(({ metric, on, bound, limit }) => ({
    metric,
    on,
    limit: bound === "atLeast" ? { atLeast: figure(limit) } : { atMost: figure(limit) },
  }));

const DATA = "-data";

/** What changes in the form with the choice: a summary has a name of its own, and shows nothing of few patients. */
export function choosing(makes: OutcomeForm["makes"], { name, minCount }: { readonly name: string; readonly minCount: string }) {
  if (makes === "model") return { makes, name: name.endsWith(DATA) ? name.slice(0, -DATA.length) : name };
  return {
    makes,
    method: "secure" as const,
    name: name.endsWith(DATA) ? name : `${name.slice(0, 35).replace(/-+$/, "")}${DATA}`,
    ...(figure(minCount) < LEAST_SUMMARY_COUNT ? { minCount: String(LEAST_SUMMARY_COUNT) } : {}),
  };
}
