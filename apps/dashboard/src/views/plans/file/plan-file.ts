/** The propose form filled from a plan's JSON, as far as that is one; and each thing in it that is not. Pure. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { Digest } from "@engraft/core/base/ids";
import { checkPlanAgainstBase, MetricName, Plan } from "@engraft/core/models/plan";
import { completeDraft, type EnrolledSite } from "@engraft/core/models/plan-draft";
import { isObject } from "../form/merge.ts";
import { outcomeProblems } from "../form/outcome-check.ts";
import type { RuleForm } from "../form/outcome-form.ts";
import { draftOf, formFromBase, formFromPlan, percentText, type FormKey, type ListedSite, type PlanForm } from "../form/plan-form.ts";
import type { JudgeWords } from "../form/plan-judge.ts";
import { entryOf, fieldOf, pathOf, SHARES } from "../form/plan-paths.ts";
import { sumProblems } from "../form/sum-check.ts";
import { writtenFrom, type Written } from "../form/written-plan.ts";
import { repaired } from "./repair.ts";
import { baseViolations, valueAt, violationsOf, type Violation } from "./violations.ts";

export interface PlanFile {
  readonly written: Written;
  readonly violations: readonly Violation[];
}

interface Here {
  readonly bases: readonly BaseView[];
  readonly enrolled: readonly EnrolledSite[];
  readonly words: JudgeWords;
}

/** The base a JSON plan names, if it is here. */
export function baseNamed(bases: readonly BaseView[], json: unknown): BaseView | undefined {
  const digest = valueAt(json, ["base", "manifest"]);
  return bases.find((base) => base.digest === digest);
}

/** Every violation of the schema; where there is none, of the base and of what a sum or a summary needs. */
export function violationsIn(json: unknown, { bases, enrolled, words }: Here): readonly Violation[] {
  const parsed = Plan.safeParse(completeDraft(json, enrolled));
  const base = baseNamed(bases, json);
  const named = valueAt(json, ["base", "manifest"]);
  const noBase =
    base === undefined && typeof named === "string" ? [{ path: ["base", "manifest"], text: words.violations.noBase, english: false }] : [];
  if (!parsed.success) return [...violationsOf(parsed.error.issues, json, words.violations), ...noBase];
  if (base === undefined) return noBase;
  const unlike = baseViolations(parsed.data, base, words.violations);
  const wrong = { ...sumProblems(parsed.data, enrolled, words.enter), ...outcomeProblems(parsed.data, words.enter) };
  const wrongs = (Object.entries(wrong) as [FormKey, string][]).map(([key, text]) => ({
    path: pathOf(key).split("."),
    text,
    english: false,
  }));
  if (unlike.length + wrongs.length > 0) return [...unlike, ...wrongs];
  const fits = checkPlanAgainstBase(parsed.data, base.digest as Digest, base.manifest);
  return fits.ok ? [] : [{ path: [], text: fits.text, english: true }];
}

/** `fallback`: the base where the plan names none that is here. */
export function readPlanFile(json: unknown, fallback: BaseView, here: Here): PlanFile {
  const { bases, enrolled } = here;
  const base = baseNamed(bases, json) ?? fallback;
  const { manifest } = base;
  const blank = draftOf(formFromBase(base, enrolled), base, 1, enrolled) as Plan;
  const found = repaired(completeDraft(json, enrolled), blank);
  const plan: Plan = {
    ...found,
    base: blank.base,
    data: { ...found.data, fields: manifest.fields, label: manifest.label, ...(manifest.split === null ? {} : { split: manifest.split }) },
  };
  const violations = violationsIn(json, here);
  const form = withTyped(formFromPlan(plan, enrolled), json, violations);
  return { written: { ...writtenFrom(plan, base, enrolled), form }, violations };
}

/** What a file says at a field that it breaks stands there as if it had been typed, to be mended. */
function withTyped(form: PlanForm, json: unknown, violations: readonly Violation[]): PlanForm {
  const parts = violations.map(({ path }): Partial<PlanForm> => {
    const [entry, field] = [entryOf(path), fieldOf(path)];
    const raw = valueAt(json, path);
    if (path[0] === "acceptance") return { acceptance: rulesIn(json, form) };
    if (path[0] === "aggregation" && path[1] === "directory") return directoryIn(json) ?? {};
    if (path[0] === "metrics" && path[1] === "names") return metricsIn(json, form);
    if (entry === "training.depthRates.*") return { depthRates: textsIn(valueAt(json, ["training", "depthRates"])).join(" ") };
    if (field === undefined || entry === undefined || typeof form[field as keyof PlanForm] !== "string") return {};
    return { [field]: typeof raw === "number" && SHARES.has(entry) ? percentText(raw) : textOf(raw) };
  });
  return Object.assign({}, form, ...parts) as PlanForm;
}

const textOf = (raw: unknown): string => (typeof raw === "string" || typeof raw === "number" ? String(raw) : "");
const textsIn = (raw: unknown): readonly string[] => (Array.isArray(raw) ? raw.map(textOf) : []);

const isMetric = (raw: unknown): raw is MetricName => MetricName.safeParse(raw).success;

function metricsIn(json: unknown, { metrics }: PlanForm): Partial<PlanForm> {
  const names = valueAt(json, ["metrics", "names"]);
  const known = Array.isArray(names) ? names.filter(isMetric) : [];
  return { metrics: known.length === 0 ? metrics : known };
}

function rulesIn(json: unknown, { metrics }: PlanForm): readonly RuleForm[] {
  const rules = valueAt(json, ["acceptance"]);
  return (Array.isArray(rules) ? rules : []).map((rule: unknown) => {
    const [metric, on, limit] = ["metric", "on", "limit"].map((key) => valueAt(rule, [key]));
    const bound = isObject(limit) && "atMost" in limit ? "atMost" : "atLeast";
    return {
      metric: isMetric(metric) ? metric : (metrics[0] ?? "loss"),
      on: on === "mean" || on === "each-site" ? on : "pooled",
      bound,
      limit: textOf(valueAt(limit, [bound])),
    };
  });
}

function directoryIn(json: unknown): Partial<PlanForm> | undefined {
  const entries = valueAt(json, ["aggregation", "directory"]);
  if (!Array.isArray(entries)) return undefined;
  return {
    directory: entries.flatMap((entry: unknown): readonly ListedSite[] => {
      const [site, operator, own] = ["site", "operator", "withCoordinator"].map((key) => valueAt(entry, [key]));
      if (typeof site !== "string") return [];
      return [
        { site: site as ListedSite["site"], operator: operator === undefined ? site : textOf(operator), withCoordinator: own === true },
      ];
    }),
  };
}
