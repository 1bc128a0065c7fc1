/** How far this site's patients are from a summary's, and from those that the base was trained on. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { countPatients } from "@engraft/core/models/summary/count";
import { shiftOf, type SiteShift } from "@engraft/core/models/summary/shift";
import type { TableDeclaration } from "../data/declaration.ts";
import type { SiteSplit } from "../data/kept-cuts.ts";
import { readPatients } from "./counts.ts";

export interface ShiftOptions {
  readonly plan: Plan;
  readonly manifest: Pick<Manifest, "inputs">;
  readonly table: TableDeclaration;
  readonly site: SiteSplit | undefined;
  /** This site's name. */
  readonly name: string;
}

/** Throws as `countTable`, but for too few patients: of them nothing is said. */
export async function siteShift({ plan, manifest, table, site, name }: ShiftOptions): Promise<SiteShift> {
  const reference = plan.metrics.shift;
  if (reference === undefined) throw new EngraftError("plan-invalid", "The plan compares with no summary.");
  const { patients, held } = await readPatients({ plan, table, site });
  const counted = { data: plan.data, metrics: { ...plan.metrics, minCount: 0 } };
  const totals = countPatients(counted, { bins: reference.bins }, patients, held);
  const base = new Map<string, number>();
  for (const rule of manifest.inputs) {
    if (rule.kind !== "standardise") continue;
    const at = plan.data.fields.findIndex((field) => field.name === rule.field);
    const field = plan.data.fields[at];
    if (field?.kind !== "number") continue;
    // As the base counted them: within the declared range.
    const values = patients.map((patient) => patient.byField[at] as number).filter((value) => value >= field.min && value <= field.max);
    if (values.length < plan.metrics.minCount) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    base.set(rule.field, (mean - rule.mean) / rule.sd);
  }
  return shiftOf(plan, reference, name, totals, base);
}
