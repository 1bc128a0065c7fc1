/** The data check: reads all of a table and says what a steward must know before approving a plan. */
import type { TableDeclaration } from "./declaration.ts";
import type { Finding } from "./findings.ts";
import { countOutcomes, type Outcomes } from "./outcomes.ts";
import { PARTS, partOf, type Part } from "./split.ts";
import { readTable, type DataPlan, type Table } from "./table.ts";

export interface Counts {
  readonly rows: number;
  readonly patients: number;
  /** Rows by what the label says (outcomes.ts). */
  readonly classes: Outcomes;
}

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
  /** False where the table cannot be used: an error among the findings, or no usable row. */
  readonly ok: boolean;
}

/** Reads the whole table. Throws `data-missing` where the file cannot be opened. Nothing in the report is a value of a record. */
export async function checkTable(declaration: TableDeclaration, plan: DataPlan): Promise<TableReport> {
  const { table, rowsRead, findings } = await readTable(declaration, plan, { pictures: true });
  const list = findings.list();
  return {
    rows: rowsRead,
    usable: table.rows,
    patients: table.patients.length,
    classes: countOutcomes(plan.label, table.labels),
    missing: plan.fields.map((field, index) => ({ field: field.name, count: countMissing(table.columns[index]) })),
    parts: countParts(table, plan),
    findings: list,
    ok: table.rows > 0 && !list.some((finding) => finding.effect === "error"),
  };
}

/** Rows and patients in each part. */
export function countParts(table: Table, plan: DataPlan): Readonly<Record<Part, Counts>> {
  const parts = table.patients.map((patient) => partOf(plan.split, patient));
  const count = (part: Part): Counts => {
    const rows = [...table.patientOf.keys()].filter((row) => parts[table.patientOf[row] as number] === part);
    const classes = countOutcomes(plan.label, table.labels, rows);
    return { rows: rows.length, patients: parts.filter((its) => its === part).length, classes };
  };
  return Object.fromEntries(PARTS.map((part) => [part, count(part)])) as Record<Part, Counts>;
}

const countMissing = (column: Float64Array = new Float64Array()): number =>
  column.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
