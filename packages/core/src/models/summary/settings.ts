/**
 * A plan that trains nothing: one sum of counts over all sites, so that whoever writes a plan knows the data without seeing any. Here is
 * what is counted, and in which order it stands in the sum. Free of node's modules, as the plan is.
 */
import { readsFile } from "../field-kinds.ts";
import type { Field } from "../fields.ts";
import type { Label } from "../labels.ts";
import type { Plan } from "../plan.ts";
import type { SummarySettings } from "./settings-schema.ts";

/** Below this many patients a cell tells too much of single ones, whoever approves it. */
export const LEAST_SUMMARY_COUNT = 5;

/** Whole numbers in one sum: two words each, so that a vector stays below a megabyte. */
export const MAX_SUMMARY_TOTALS = 100_000;

/** One histogram: a number in bins, or a field of codes. */
export type Measure =
  | {
      readonly kind: "number";
      readonly name: string;
      readonly title: string;
      readonly unit: string;
      /** One more than bins, rising. A bin holds its lower edge; the last one its upper edge too. */
      readonly edges: readonly number[];
    }
  | {
      readonly kind: "category";
      readonly name: string;
      readonly title: string;
      readonly codes: readonly { readonly code: string; readonly means: string }[];
    };

/** Patients are divided by what a label says of them. */
export interface Partition {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
}

const edgesOf = (min: number, max: number, bins: number): readonly number[] =>
  Array.from({ length: bins + 1 }, (_, at) => (at === bins ? max : min + (at * (max - min)) / bins));

function measureOf(field: Field, { bins }: SummarySettings): Measure | undefined {
  if (field.kind === "number") {
    const { name, title, unit, min, max } = field;
    return { kind: "number", name, title, unit, edges: edgesOf(min, max, bins) };
  }
  return field.kind === "category" ? { kind: "category", name: field.name, title: field.title, codes: field.values } : undefined;
}

/** A label that is a number, or has one. */
function outcomeOf(label: Label, { bins }: SummarySettings): Measure | undefined {
  if (label.kind === "regression") {
    const { name, title, unit, min, max } = label;
    return { kind: "number", name, title, unit, edges: edgesOf(min, max, bins) };
  }
  if (label.kind !== "survival") return undefined;
  const { name, unit, max } = label.time;
  return { kind: "number", name, title: `${label.title}: time`, unit, edges: edgesOf(0, max, bins) };
}

/** The fields in the plan's order, but for pictures and recordings, which every counted patient has; then the label's own number. */
export function measuresOf({ fields, label }: Pick<Plan["data"], "fields" | "label">, settings: SummarySettings): readonly Measure[] {
  const ofFields = fields.flatMap((field) => (readsFile(field) ? [] : (measureOf(field, settings) ?? [])));
  const outcome = outcomeOf(label, settings);
  return outcome === undefined ? ofFields : [...ofFields, outcome];
}

const YES_NO = ["no", "yes"];

/** A number divides nobody: then there is one class, everybody. */
export function partitionsOf(label: Label): readonly Partition[] {
  const { name, title } = label;
  switch (label.kind) {
    case undefined:
      return [{ name, title, classes: YES_NO }];
    case "multiclass":
    case "ordinal":
      return [{ name, title, classes: label.classes.map((one) => one.name) }];
    case "multilabel":
      return label.labels.map((one) => ({ name: one.name, title: one.title, classes: [...YES_NO, "not known"] }));
    case "survival":
      return [{ name, title, classes: ["no event", "event"] }];
    case "regression":
      return [{ name, title, classes: ["all"] }];
    default:
      return label satisfies never;
  }
}

/** No value, then below, the bins and above; or no value, then the codes. */
export const cellsOf = (measure: Measure): number =>
  measure.kind === "number" ? 1 + 1 + (measure.edges.length - 1) + 1 : 1 + measure.codes.length;

/** Patients and test patients; the classes of each label; then each measure, by label and class, cell by cell. */
export function summaryLength(plan: Pick<Plan, "data" | "summary">): number {
  if (plan.summary === undefined) return 0;
  const classes = partitionsOf(plan.data.label).reduce((sum, one) => sum + one.classes.length, 0);
  const cells = measuresOf(plan.data, plan.summary).reduce((sum, measure) => sum + cellsOf(measure), 0);
  return 2 + classes + cells * classes;
}

/** Why a plan cannot be one for a summary; undefined where it can, and where it is none. */
export function summaryProblem(plan: Plan): string | undefined {
  const { summary, aggregation, training, rounds, metrics } = plan;
  if (summary === undefined) return undefined;
  if (aggregation.method === "plain")
    return "a summary needs secure aggregation, since in plain the coordinator would read each site's own counts, small cells and all";
  if (rounds.count !== 1 || rounds.stop !== null) return "a summary is one sum; rounds.count must be 1 and rounds.stop null";
  if (training.analytic !== undefined || plan.strategy !== undefined || plan.acceptance !== undefined)
    return "a summary trains nothing; leave out training.analytic, strategy and acceptance";
  if (metrics.perSite || metrics.compareAlone)
    return "a summary has no figures of single sites; metrics.perSite and metrics.compareAlone must be false";
  if (metrics.minCount < LEAST_SUMMARY_COUNT)
    return `a summary shows cells of so few patients to everybody who may read the run; metrics.minCount must be at least ${LEAST_SUMMARY_COUNT}`;
  const length = summaryLength(plan);
  return length > MAX_SUMMARY_TOTALS
    ? `the summary would have ${length} counts, and ${MAX_SUMMARY_TOTALS} fit a sum; choose fewer bins`
    : undefined;
}
