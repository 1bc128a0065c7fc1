/** A site's own counts for a summary, or for its domain shift: from its table, in the order of the sum (core, models/summary). */
import { EngraftError } from "@engraft/core/base/errors";
import type { Field } from "@engraft/core/models/fields";
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Label } from "@engraft/core/models/labels";
import type { Plan } from "@engraft/core/models/plan";
import { countPatients, type Counted } from "@engraft/core/models/summary/count";
import type { SummarySettings } from "@engraft/core/models/summary/settings-schema";
import type { TableDeclaration } from "../data/declaration.ts";
import type { SiteSplit } from "../data/kept-cuts.ts";
import { PARTS } from "../data/split.ts";
import { readTable, type DataPlan, type Table } from "../data/table.ts";
import { targetsOf } from "@engraft/core/models/labels";

export interface CountOptions {
  readonly plan: Pick<Plan, "data" | "metrics">;
  readonly settings: SummarySettings;
  readonly table: TableDeclaration;
  readonly site?: SiteSplit | undefined;
}

const MOST = Number.MAX_VALUE;

const wideField = (field: Field): Field => (field.kind === "number" ? { ...field, min: -MOST, max: MOST } : field);

function wideLabel(label: Label): Label {
  if (label.kind === "regression") return { ...label, min: -MOST, max: MOST };
  return label.kind === "survival" ? { ...label, time: { ...label.time, max: MOST } } : label;
}

/** The same data with every number taken as it is: what lies outside a declared range is counted there, not missed. */
export const withoutRanges = (data: DataPlan): DataPlan => ({ ...data, fields: data.fields.map(wideField), label: wideLabel(data.label) });

interface Patient extends Counted {
  /** In the order of the plan's fields. */
  readonly byField: readonly number[];
  /** Index into `PARTS`. */
  readonly part: number;
}

/** Each patient once, by the first usable row of the table. */
function* firstRows(table: Table, { fields, label }: DataPlan): Generator<Patient> {
  const width = targetsOf(label);
  const counted = fields.flatMap((field, index) => (readsFile(field) ? [] : [table.columns[index] as Float64Array]));
  const seen = new Set<number>();
  for (let row = 0; row < table.rows; row++) {
    const patient = table.patientOf[row] as number;
    if (seen.has(patient)) continue;
    seen.add(patient);
    const targets = [...table.labels.subarray(row * width, (row + 1) * width)];
    const own = label.kind === "regression" || label.kind === "survival" ? [targets[0] as number] : [];
    const byField = table.columns.map((column) => column[row] as number);
    yield { values: [...counted.map((column) => column[row] as number), ...own], targets, byField, part: table.parts[patient] as number };
  }
}

/** Throws `data-missing` or `data-invalid` where the table cannot be used, or has fewer patients than the plan's minimum count. */
export async function countTable({ plan, settings, table, site }: CountOptions): Promise<readonly number[]> {
  const { patients, held } = await readPatients({ plan, table, site });
  return countPatients(plan, settings, patients, held);
}

/** Those of the training and validation parts, and how many are held out for tests. Throws as `countTable`, but not for few. */
export async function readPatients({
  plan,
  table: declaration,
  site,
}: Pick<CountOptions, "plan" | "table" | "site">): Promise<{ readonly patients: readonly Patient[]; readonly held: number }> {
  const data = withoutRanges(plan.data);
  const { table, findings } = await readTable(declaration, data, { site });
  const errors = findings.list().filter((finding) => finding.effect === "error");
  if (errors.length > 0)
    throw new EngraftError(
      "data-invalid",
      `The table cannot be used (${errors.map((error) => error.kind).join(", ")}). Run \`engraft-site data check\`.`,
    );
  const test = PARTS.indexOf("test");
  const patients = [...firstRows(table, data)];
  const counted = patients.filter(({ part }) => part !== test);
  return { patients: counted, held: patients.length - counted.length };
}
