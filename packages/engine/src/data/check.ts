/** The data check: reads all of a table and says what a steward must know before approving a plan. */
import { placesOf, type TableDeclaration } from "./declaration.ts";
import type { Finding } from "./findings.ts";
import type { Counts } from "./counts.ts";
import type { Outcomes } from "./outcomes.ts";
import { PARTS, type Part } from "./split.ts";
import { surveyTable, type DataPlan, type ReadOptions } from "./table.ts";

export interface TableReport {
  /** Rows below the header. */
  readonly rows: number;
  /** Rows with a label and a patient id. */
  readonly usable: number;
  readonly patients: number;
  /** Usable rows by what the label says (outcomes.ts). */
  readonly classes: Outcomes;
  /** Usable rows without a value, by field in the plan's order; values that count as missing included. */
  readonly missing: readonly { readonly field: string; readonly count: number }[];
  readonly parts: Readonly<Record<Part, Counts>>;
  readonly findings: readonly Finding[];
  /** What `line` in the findings' places counts. */
  readonly places: "line" | "row";
  /** False where the table cannot be used: an error among the findings, or no usable row. */
  readonly ok: boolean;
}

/** Reads the whole table. Throws `data-missing` where it cannot be opened. Nothing in the report is a value of a record. */
export async function checkTable(
  declaration: TableDeclaration,
  plan: DataPlan,
  options: Omit<ReadOptions, "pictures"> = {},
): Promise<TableReport> {
  const { rowsRead, rows, patients, missing, counts, findings } = await surveyTable(declaration, plan, { ...options, pictures: true });
  const list = findings.list();
  const sum = (name: string): number => PARTS.reduce((total, part) => total + (counts[part].classes[name] ?? 0), 0);
  return {
    rows: rowsRead,
    usable: rows,
    patients,
    classes: Object.fromEntries(Object.keys(counts.train.classes).map((name) => [name, sum(name)])),
    missing: plan.fields.map((field, index) => ({ field: field.name, count: missing[index] ?? 0 })),
    parts: counts,
    findings: list,
    places: placesOf(declaration),
    ok: rows > 0 && !list.some((finding) => finding.effect === "error"),
  };
}
