/** Whether one field alone tells the label: then it may have been recorded after the outcome. */
import { readsFile } from "@engraft/core/models/field-kinds";
import { outcomeNames } from "./outcomes.ts";
import type { SampledRow, Survey } from "./survey.ts";
import type { DataPlan } from "./table.ts";

/** Patients with and without an outcome, from which on a ranking says something. */
const ENOUGH = 20;
/** Patients for each code: with few, codes fit any outcome. */
const PER_CODE = 10;
const SURE = 0.99;

/** What to say; undefined where the field does not tell. The value is the area under the ROC curve (Mann-Whitney U, ties half). */
export function foretelling(plan: DataPlan, survey: Survey, index: number): string | undefined {
  const field = plan.fields[index];
  if (field === undefined || readsFile(field)) return undefined;
  const { sample } = survey.sample;
  for (const [outcome, name] of outcomeNames(plan.label).entries()) {
    const has = (row: SampledRow): boolean => row.outcomes.includes(outcome);
    const value = (row: SampledRow): number => row.values[index] as number;
    const known = sample.filter((row) => !Number.isNaN(value(row)));
    const scored = field.kind === "number" ? known.map((row) => [value(row), has(row)] as const) : byCode(known, value, has);
    if (Math.abs(areaOf(scored) - 0.5) > SURE - 0.5) return `${name} by the value`;
    if (Math.abs(areaOf(sample.map((row) => [Number.isNaN(value(row)) ? 1 : 0, has(row)])) - 0.5) > SURE - 0.5)
      return `${name} by whether there is a value`;
  }
  return undefined;
}

/** Each patient with the share of the outcome among those of the same code. */
function byCode(rows: readonly SampledRow[], value: (row: SampledRow) => number, has: (row: SampledRow) => boolean): Scored {
  const codes = new Map<number, { all: number; having: number }>();
  for (const row of rows) {
    const entry = codes.get(value(row)) ?? { all: 0, having: 0 };
    codes.set(value(row), entry);
    entry.all++;
    if (has(row)) entry.having++;
  }
  if (rows.length < PER_CODE * codes.size) return [];
  return rows.map((row) => {
    const { all, having } = codes.get(value(row)) ?? { all: 1, having: 0 };
    return [having / all, has(row)] as const;
  });
}

type Scored = readonly (readonly [score: number, has: boolean])[];

/** 0.5 where there are too few patients on a side. */
function areaOf(scored: Scored): number {
  const having = scored.filter(([, has]) => has).length;
  const lacking = scored.length - having;
  if (having < ENOUGH || lacking < ENOUGH) return 0.5;
  const sorted = scored.toSorted(([a], [b]) => a - b);
  let ranks = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to]?.[0] === sorted[from]?.[0]) to++;
    const rank = (from + to + 1) / 2;
    for (; from < to; from++) if (sorted[from]?.[1] === true) ranks += rank;
  }
  return (ranks - (having * (having + 1)) / 2) / (having * lacking);
}
