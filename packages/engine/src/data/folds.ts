/** Parts for cross-validation: what a model is trained on and judged by changes places, and test patients stay what they are. */
import { randomFrom, shuffle } from "../base/random.ts";
import { targetsOf } from "@engraft/core/models/labels";
import { PARTS } from "./split.ts";
import { outcomesOf } from "./outcomes.ts";
import type { DataPlan, Table } from "./table.ts";

/** The `index`-th (from 0) of `of` folds: its patients validate, the others train. Equal seeds give equal folds. */
export interface Fold {
  readonly index: number;
  readonly of: number;
  readonly seed: number;
}

const [TRAIN, VALIDATION, TEST] = PARTS.map((_, index) => index) as [number, number, number];

/** Each patient who is no test patient validates in exactly one fold; the classes are spread evenly. */
export function intoFold(table: Table, { label }: Pick<DataPlan, "label">, { index, of, seed }: Fold): Table {
  const width = targetsOf(label);
  const classOf = new Map<number, number>();
  for (let row = 0; row < table.rows; row++) {
    const patient = table.patientOf[row] as number;
    if (table.parts[patient] === TEST) continue;
    const outcome = Math.max(-1, ...outcomesOf(label, [...table.labels.subarray(row * width, (row + 1) * width)]));
    classOf.set(patient, Math.max(classOf.get(patient) ?? -1, outcome));
  }
  const order = Uint32Array.from(classOf.keys());
  shuffle(order, randomFrom(["folds", seed]));
  const byClass = [...order].sort((a, b) => (classOf.get(a) as number) - (classOf.get(b) as number));
  const parts = Uint8Array.from(table.parts);
  byClass.forEach((patient, at) => (parts[patient] = at % of === index ? VALIDATION : TRAIN));
  return { ...table, parts };
}
