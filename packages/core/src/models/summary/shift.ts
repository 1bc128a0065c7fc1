/**
 * How far a site's patients are from the federation's: the population stability index (PSI) of each field between the site's own
 * histogram and a summary that the plan carries, so that a steward approves what is compared with. Free of node's modules.
 *
 * PSI = sum over cells of (own share - other share) ln(own share / other share): Jeffreys' divergence of two histograms (Lewis 1994, "An
 * Introduction to Credit Scoring"; Siddiqi 2006, "Credit Risk Scorecards"). That below 0.1 is little and above 0.25 large is a custom of
 * credit scoring, not a test: the index grows with fewer patients and more cells (Yurdakul and Naranjo 2020, J. Risk Model Validation 14(4)).
 */
import * as z from "zod";
import { RunId, SiteName } from "../../base/ids.ts";
import type { Plan } from "../plan.ts";
import { cellsOf, measuresOf, partitionsOf, summaryLength } from "./settings.ts";
import type { SummaryTable } from "./table.ts";

const Count = z.int().min(0);

/** All of a label's classes, their names joined: 64 of 120 characters. */
const LONGEST_CLASSES = 64 * (120 + " or ".length);

/** Of a summary what is compared with. */
export const ShiftReference = z.strictObject({
  /** The summary's run. */
  run: RunId,
  sites: z.array(SiteName).min(1).max(127),
  bins: z.int().min(2).max(64),
  patients: Count,
  fields: z
    .array(
      z.strictObject({
        name: z.string(),
        /** The declared range of a number, which the bins divide; null for codes. */
        range: z.tuple([z.number(), z.number()]).nullable(),
        cells: z.array(z.strictObject({ at: z.array(Count).min(1), count: Count })).min(1),
      }),
    )
    .min(1)
    .max(256),
  labels: z
    .array(
      z.strictObject({
        name: z.string(),
        /** `at`: the label's classes that are shown as one, by index. One class, and joined ones in older plans, are told by name. */
        classes: z.array(z.strictObject({ name: z.string(), at: z.array(Count).min(1).exactOptional(), count: Count })),
      }),
    )
    .max(64),
});
export type ShiftReference = z.infer<typeof ShiftReference>;

/** What a site reports: no count and no value. */
export const SiteShift = z.strictObject({
  /** The summary without this site's own patients, or all of it, where they were not in it or have changed since. */
  against: z.enum(["others", "all"]),
  fields: z
    .array(
      z.strictObject({
        name: z.string().max(64),
        /** In hundredths. Null: too few patients here, or in the summary. */
        psi: z.number().min(0).max(1000).nullable(),
        /** Own mean less that of the base's training patients, in their standard deviations; null also where the base has none. */
        base: z.number().min(-1e6).max(1e6).nullable(),
      }),
    )
    .max(256),
  /** Own share of the class less the summary's, in hundredths; null: too few in one of the classes. */
  labels: z
    .array(
      z.strictObject({ name: z.string().max(64), of: z.string().max(LONGEST_CLASSES), difference: z.number().min(-1).max(1).nullable() }),
    )
    .max(64),
});
export type SiteShift = z.infer<typeof SiteShift>;

export function shiftReference({ run, sites, figures }: SummaryTable): ShiftReference {
  const numbers = figures.measures.flatMap((measure) => (measure.kind === "number" ? [measure.edges.length - 1] : []));
  const [bins = 2] = numbers;
  return {
    run,
    sites: [...sites],
    bins,
    patients: figures.patients,
    fields: figures.measures.flatMap((measure) =>
      measure.cells === null
        ? []
        : [
            {
              name: measure.name,
              range: measure.kind === "number" ? [measure.edges[0] as number, measure.edges.at(-1) as number] : null,
              cells: measure.cells.map(({ at, count }) => ({ at: [...at], count })),
            },
          ],
    ),
    labels: figures.labels.flatMap(({ name, classes }) => (classes === null ? [] : [{ name, classes: [...classes] }])),
  };
}

/** Why a plan cannot compare with its reference; undefined where it can, and where it has none. */
export function shiftProblem(plan: Plan): string | undefined {
  const { shift, perSite } = plan.metrics;
  if (shift === undefined) return undefined;
  if (plan.summary !== undefined) return "a summary compares with no other; leave out metrics.shift";
  if (!perSite) return "metrics.shift is of single sites, so metrics.perSite must be true";
  const measures = measuresOf(plan.data, { bins: shift.bins });
  for (const { name, range, cells } of shift.fields) {
    const measure = measures.find((one) => one.name === name);
    if (measure === undefined) return `metrics.shift compares ${name}, which is no field of the plan`;
    const own = measure.kind === "number" ? [measure.edges[0], measure.edges.at(-1)] : null;
    const found = cells.flatMap(({ at }) => at).sort((a, b) => a - b);
    const whole = Array.from({ length: cellsOf(measure) }, (_, cell) => cell);
    if (JSON.stringify(own) !== JSON.stringify(range) || found.join() !== whole.join())
      return `metrics.shift counts ${name} in other ranges or codes than the plan declares`;
  }
  return undefined;
}

/** A site's own counts for a reference's bins, as `countPatients` gives them. */
interface Own {
  readonly patients: number;
  /** By label, by class. */
  readonly classes: readonly (readonly number[])[];
  /** By measure's name, by cell. */
  readonly cells: ReadonlyMap<string, readonly number[]>;
}

export function ownCounts(plan: Plan, reference: ShiftReference, totals: readonly number[]): Own {
  const settings = { bins: reference.bins };
  if (totals.length !== summaryLength({ data: plan.data, summary: settings })) throw new RangeError("counts of another plan");
  let at = 2;
  const take = (length: number): readonly number[] => totals.slice(at, (at += length));
  const partitions = partitionsOf(plan.data.label);
  const classes = partitions.map((partition) => take(partition.classes.length));
  const cells = new Map<string, readonly number[]>();
  for (const measure of measuresOf(plan.data, settings)) {
    const byClass = partitions.map((partition) => partition.classes.map(() => take(cellsOf(measure))));
    const first = byClass[0] ?? [];
    cells.set(
      measure.name,
      (first[0] ?? []).map((_, cell) => first.reduce((sum, counts) => sum + (counts[cell] as number), 0)),
    );
  }
  return { patients: totals[0] as number, classes, cells };
}

const add = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
const hundredths = (value: number): number => Math.round(100 * value) / 100 + 0;

/** Half a patient is added to each cell of either side, so that an empty one makes no infinite index. */
export function psi(own: readonly number[], other: readonly number[]): number {
  const share = (counts: readonly number[], cell: number): number => ((counts[cell] as number) + 0.5) / (add(counts) + counts.length / 2);
  return own.reduce((sum, _, cell) => {
    const [a, b] = [share(own, cell), share(other, cell)];
    return sum + (a - b) * Math.log(a / b);
  }, 0);
}

/** `base`: by field the standardised difference from the base's training patients, where it can be said. */
export function shiftOf(
  plan: Plan,
  reference: ShiftReference,
  site: string,
  totals: readonly number[],
  base: ReadonlyMap<string, number>,
): SiteShift {
  const least = plan.metrics.minCount;
  const own = ownCounts(plan, reference, totals);
  const grouped = reference.fields.map(({ name, cells }) => cells.map(({ at }) => add(at.map((cell) => own.cells.get(name)?.[cell] ?? 0))));
  const without = (counts: readonly { readonly count: number }[], mine: readonly number[]): readonly number[] =>
    counts.map(({ count }, index) => count - (mine[index] as number));
  const left = reference.fields.map(({ cells }, index) => without(cells, grouped[index] as readonly number[]));
  // Where its patients are others than those in the sum, taking them off gives nonsense somewhere.
  const others =
    reference.sites.some((name) => name === site) &&
    left.every((counts) => counts.every((count) => count >= 0)) &&
    reference.patients - own.patients >= least;
  const against = others ? "others" : "all";
  const enough = own.patients >= least;
  return {
    against,
    fields: reference.fields.map(({ name, cells }, index) => {
      const mine = grouped[index] as readonly number[];
      const valued = add((own.cells.get(name) ?? []).slice(1));
      const with_ = others ? (left[index] as readonly number[]) : cells.map(({ count }) => count);
      const can = enough && valued >= least && add(with_) >= least;
      const moved = base.get(name);
      return { name, psi: can ? hundredths(psi(mine, with_)) : null, base: can && moved !== undefined ? hundredths(moved) : null };
    }),
    labels: labelsOf(plan, reference, own, others, least),
  };
}

/** Of each label the last class that is shown: yes, the event, the highest one. */
function labelsOf(plan: Plan, reference: ShiftReference, own: Own, others: boolean, least: number): SiteShift["labels"] {
  const partitions = partitionsOf(plan.data.label);
  return reference.labels.flatMap(({ name, classes }) => {
    const index = partitions.findIndex((one) => one.name === name);
    const names = partitions[index]?.classes ?? [];
    const joined = ({ name: its, at }: (typeof classes)[number]): readonly number[] =>
      at ?? (names.includes(its) ? [its] : its.split(" or ")).map((part) => names.indexOf(part));
    const mine = classes.map((one) => add(joined(one).map((at) => own.classes[index]?.[at] ?? Number.NaN)));
    const which = Math.max(
      classes.findIndex(({ name: its }) => its === "yes"),
      0,
    );
    const of = classes.some(({ name: its }) => its === "yes") ? which : classes.length - 1;
    const shown = classes[of];
    if (shown === undefined || mine.some(Number.isNaN)) return [];
    const all = classes.map(({ count }, at) => count - (others ? (mine[at] as number) : 0));
    const can = [mine, all].every((counts) => counts.every((count) => count >= least));
    const difference = can ? hundredths((mine[of] as number) / add(mine) - (all[of] as number) / add(all)) : null;
    return [{ name, of: shown.name, difference }];
  });
}

/** In words that people look for. */
export const shiftWord = (value: number): "little" | "some" | "large" => (value < 0.1 ? "little" : value <= 0.25 ? "some" : "large");

/** Whether a site may say this: only what the plan asks about. */
export function shiftAllowed({ metrics }: Pick<Plan, "metrics">, shift: SiteShift | null | undefined): boolean {
  if (shift === null || shift === undefined) return true;
  const reference = metrics.shift;
  const rounded = [...shift.fields.flatMap(({ psi: one, base }) => [one, base]), ...shift.labels.map(({ difference }) => difference)];
  return (
    reference !== undefined &&
    shift.fields.every(({ name }) => reference.fields.some((field) => field.name === name)) &&
    shift.labels.every(({ name }) => reference.labels.some((label) => label.name === name)) &&
    rounded.every((value) => value === null || hundredths(value) === value)
  );
}
