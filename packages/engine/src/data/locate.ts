/** Where in a table the plan's columns are. */
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Field } from "@engraft/core/models/fields";
import type { TableDeclaration } from "./declaration.ts";
import type { Findings } from "./findings.ts";
import { labelColumns, labelParts } from "./label.ts";
import { FILE_COLUMN } from "./record-columns.ts";
import type { DataPlan } from "./table.ts";

export const PATIENT = "patient id";
export const PART = "split";
export const BEAT = "beat";

/** Positions in the header; -1 where a column is missing, or none is declared. */
export interface Places {
  readonly fields: readonly number[];
  readonly label: readonly number[];
  readonly patient: number;
  readonly part: number;
  /** The time of a row's beat. */
  readonly beat: number;
}

/** Rows of a folder hold the name of their recording in one column, whatever the plan calls it. */
const columnOf = ({ columns, source }: TableDeclaration, field: Field): string =>
  columns[field.name] ?? (source === "records" && readsFile(field) ? FILE_COLUMN : field.name);

/** The columns that a plan reads, whatever else the table holds. */
export const neededColumns = (declaration: TableDeclaration, plan: DataPlan): ReadonlySet<string> =>
  new Set([
    ...plan.fields.map((field) => columnOf(declaration, field)),
    ...labelColumns(declaration, plan.label),
    ...[declaration.patient, declaration.part, declaration.at].filter((column) => column !== null && column !== undefined),
  ]);

/** Only columns that are needed are looked at: two others may well have the same name. */
export function locate(
  declaration: TableDeclaration,
  plan: DataPlan,
  { line, cells }: { readonly line: number; readonly cells: readonly string[] },
  findings: Findings,
): Places {
  const needed = neededColumns(declaration, plan);
  const seen = new Set<string>();
  for (const name of cells) {
    if (needed.has(name) && seen.has(name)) findings.add("duplicate-header", line);
    seen.add(name);
  }
  const position = (column: string, field: string): number => {
    const at = cells.indexOf(column);
    if (at < 0) findings.add("missing-column", line, field);
    return at;
  };
  const labels = labelColumns(declaration, plan.label);
  return {
    fields: plan.fields.map((field) => position(columnOf(declaration, field), field.name)),
    label: labelParts(plan.label).map(({ of }, index) => position(labels[index] as string, of)),
    patient: declaration.patient === null ? -1 : position(declaration.patient, PATIENT),
    part: declaration.part === undefined ? -1 : position(declaration.part, PART),
    beat: declaration.at === undefined ? -1 : position(declaration.at, BEAT),
  };
}
