/** What the data check concludes from what it noted of a table (survey.ts). Each conclusion is a finding. */
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Counts } from "./counts.ts";
import type { Findings } from "./findings.ts";
import type { Meaning } from "./field-reader.ts";
import { foretelling } from "./foretell.ts";
import { LABEL } from "./label.ts";
import { PATIENT } from "./locate.ts";
import { neededOutcomes } from "./outcomes.ts";
import { PARTS, type Part } from "./split.ts";
import type { Survey } from "./survey.ts";
import { medianOf, shareInside, suspectUnit } from "./suspect-unit.ts";
import type { DataPlan } from "./table.ts";
import { SAME } from "./units.ts";

export interface Inspected {
  readonly plan: DataPlan;
  readonly survey: Survey;
  readonly meanings: readonly Meaning[];
  /** Index into `PARTS` for each patient. */
  readonly parts: Uint8Array;
  readonly counts: Readonly<Record<Part, Counts>>;
  /** The header's line. */
  readonly header: number;
  /** Fields without a column: nothing more is said of them. */
  readonly absent: ReadonlySet<string>;
  readonly findings: Findings;
}

/** Below them figures of a site say little; a plan can demand its own. */
const DEFAULTS = { train: 50, test: 20, perClass: 10 };
/** Fewer rows than this may well have the same value. */
const CONSTANT_FROM = 10;
const OUTSIDE = 0.05;

export async function inspect(table: Inspected): Promise<void> {
  if (table.survey.rows === 0) return;
  await inspectUnits(table);
  inspectColumns(table);
  inspectCounts(table);
  inspectCopies(table);
}

async function inspectUnits({ plan, survey, meanings, header, findings }: Inspected): Promise<void> {
  for (const [index, field] of plan.fields.entries()) {
    if (field.kind !== "number") continue;
    const values = survey.numbers[index]?.sample ?? [];
    const outside = values.filter((value) => value < field.min || value > field.max);
    if (outside.length === 0 || outside.length < OUTSIDE * values.length) continue;
    const median = medianOf(values);
    const { conversion } = meanings[index] as Meaning;
    if (median >= field.min && median <= field.max) {
      const mixed = await suspectUnit(outside, field, conversion);
      if (mixed !== undefined) findings.add("mixed-units", header, field.name, mixed.words);
      continue;
    }
    const suspicion = await suspectUnit(values, field, conversion);
    if (suspicion !== undefined) {
      findings.add("wrong-unit", header, field.name, suspicion.words);
      findings.drop("outside-range", field.name);
    } else if (values.length >= CONSTANT_FROM && shareInside(values, field, SAME) < 0.5) findings.add("mostly-outside", header, field.name);
  }
}

function inspectColumns({ plan, survey, header, absent, findings }: Inspected): void {
  for (const [index, field] of plan.fields.entries()) {
    if (absent.has(field.name)) continue;
    const known = survey.rows - (survey.missing[index] as number);
    // Values that could not be used have findings of their own.
    if (known === 0 && !findings.has(field.name)) findings.add("empty-field", header, field.name);
    if (known >= CONSTANT_FROM && survey.constant[index] === true && !readsFile(field)) findings.add("constant-field", header, field.name);
    const told = foretelling(plan, survey, index);
    if (told !== undefined) findings.add("leak-suspected", header, field.name, told);
  }
}

const patientsWith = (outcome: string, counts: Inspected["counts"]): number =>
  PARTS.reduce((sum, part) => sum + (counts[part].patientsOf[outcome] ?? 0), 0);

/** Whether a site has fewer patients than the plan demands. */
export const isBelowMinimum = ({ minimum, label }: DataPlan, counts: Inspected["counts"]): boolean =>
  minimum !== undefined &&
  (counts.train.patients < minimum.train ||
    counts.test.patients < minimum.test ||
    neededOutcomes(label).some((name) => patientsWith(name, counts) < minimum.perClass));

function inspectCounts({ plan, counts, header, findings }: Inspected): void {
  const { minimum } = plan;
  const wanted = minimum ?? DEFAULTS;
  const say = (part: Part, count: number, most: number): string => `${part}: ${count} patients, ${most} wanted`;
  const few = minimum === undefined ? "few-patients" : "below-minimum";
  const fewOfClass = minimum === undefined ? "few-of-class" : "below-minimum";
  for (const part of ["train", "test"] as const)
    if (counts[part].patients < wanted[part]) findings.add(few, header, PATIENT, say(part, counts[part].patients, wanted[part]));
  for (const name of neededOutcomes(plan.label)) {
    const all = patientsWith(name, counts);
    // A part of few patients, which is said already, may well lack a class.
    const empty = (["train", "test"] as const).filter(
      (part) => counts[part].patients >= wanted[part] && counts[part].patientsOf[name] === 0,
    );
    if (all === 0) findings.add("class-absent", header, LABEL, `${name}: no patient`);
    if (all < wanted.perClass && (all > 0 || minimum !== undefined))
      findings.add(fewOfClass, header, LABEL, `${name}: ${all} patients, ${wanted.perClass} wanted`);
    else if (all > 0 && empty.length > 0) findings.add("class-absent", header, LABEL, `${name}: no patient in ${empty.join(" and ")}`);
  }
}

/** Expected rows that are equal by chance, over the whole table, from which on equality says nothing. */
const BY_CHANCE = 0.01;

/** Copies, where so many values do not agree by chance. Fields are taken for independent, hence the small limit. */
function inspectCopies({ plan, survey, parts, findings }: Inspected): void {
  if (survey.copies.length === 0) return;
  const shares = plan.fields.map((field, index) => (readsFile(field) ? undefined : sharesOf(survey, index)));
  const squared = survey.rows ** 2;
  for (const { line, values, patients } of survey.copies) {
    const chance = values.reduce((product, value, index) => product * (shares[index]?.(value) ?? 1 / squared), 1);
    if (squared * chance > BY_CHANCE) continue;
    const [a, b] = patients;
    findings.add(parts[a] === parts[b] ? "copied-row" : "copied-across-parts", line, PATIENT);
  }
}

/** How often a field has a value, from the sample of rows. */
function sharesOf({ sample: { sample } }: Survey, field: number): (value: number) => number {
  const counts = new Map<number, number>();
  for (const { values } of sample) counts.set(values[field] as number, (counts.get(values[field] as number) ?? 0) + 1);
  return (value) => Math.max(1, counts.get(value) ?? 0) / Math.max(1, sample.length);
}
