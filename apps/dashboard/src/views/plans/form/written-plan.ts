/** A plan as it is being written in the form, and the plan that it began as: what nobody touches stays as it is there, to the byte. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { Plan } from "@engraft/core/models/plan";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import { differences, merged, type Difference } from "./merge.ts";
import { draftOf, formFromPlan, type PlanForm } from "./plan-form.ts";

export interface Written {
  readonly form: PlanForm;
  readonly base: BaseView;
  /** What the form was filled from; undefined where it began with values of its own. */
  readonly source: Plan | undefined;
  /** Sites of its directory that have enrolled anew since, and whose new key the plan takes. */
  readonly renewed: readonly string[];
}

/** A site that has enrolled anew signs nothing under its old key. */
function rekeyed(plan: Plan, enrolled: readonly EnrolledSite[]): Pick<Written, "renewed"> & { readonly source: Plan } {
  const { aggregation } = plan;
  if (aggregation.method === "plain") return { source: plan, renewed: [] };
  const directory = aggregation.directory.map((entry) => ({
    ...entry,
    publicKey: enrolled.find(({ site }) => site === entry.site)?.publicKey ?? entry.publicKey,
  }));
  const renewed = directory.filter(({ publicKey }, at) => publicKey !== aggregation.directory[at]?.publicKey).map(({ site }) => site);
  return { source: { ...plan, aggregation: { ...aggregation, directory } }, renewed };
}

export const writtenFrom = (plan: Plan, base: BaseView, enrolled: readonly EnrolledSite[]): Written => ({
  form: formFromPlan(plan, enrolled),
  base,
  ...rekeyed(plan, enrolled),
});

/** The plan as the form alone would write it, had nobody typed anything. */
const shownOf = (source: Plan, base: BaseView, enrolled: readonly EnrolledSite[]): unknown =>
  draftOf(formFromPlan(source, enrolled), base, source.version, enrolled);

/** The whole plan, as the schema will judge it. */
export function wholeDraft({ form, base, source }: Omit<Written, "renewed">, version: number, enrolled: readonly EnrolledSite[]): unknown {
  const typed = draftOf(form, base, version, enrolled);
  return source === undefined ? typed : merged(shownOf(source, base, enrolled), typed, source);
}

/** Values that stay in the plan though the form has no field for them, or shows them rounded. */
export function keptValues({ form, base, source }: Written, version: number, enrolled: readonly EnrolledSite[]): readonly Difference[] {
  if (source === undefined) return [];
  return differences(draftOf(form, base, version, enrolled), wholeDraft({ form, base, source }, version, enrolled));
}
