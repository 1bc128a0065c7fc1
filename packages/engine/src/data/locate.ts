/** Where in a table the plan's columns are. */
import type { TableDeclaration } from "./declaration.ts";
import type { Findings } from "./findings.ts";
import type { DataPlan } from "./table.ts";

export const LABEL = "label";
export const PATIENT = "patient id";
export const PART = "split";

/** Positions in the header; -1 where a column is missing, or none is declared. */
export interface Places {
  readonly fields: readonly number[];
  readonly label: readonly number[];
  readonly patient: number;
  readonly part: number;
}

export const columnOf = ({ columns }: TableDeclaration, field: string): string => columns[field] ?? field;

/** The columns that a plan reads, whatever else the table holds. */
export const neededColumns = (declaration: TableDeclaration, plan: DataPlan): ReadonlySet<string> =>
  new Set(
    [...plan.fields.map(({ name }) => columnOf(declaration, name)), declaration.label, declaration.patient, declaration.part].filter(
      (column) => column !== null && column !== undefined,
    ),
  );

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
  return {
    fields: plan.fields.map(({ name }) => position(columnOf(declaration, name), name)),
    label: [position(declaration.label, LABEL)],
    patient: declaration.patient === null ? -1 : position(declaration.patient, PATIENT),
    part: declaration.part === undefined ? -1 : position(declaration.part, PART),
  };
}
