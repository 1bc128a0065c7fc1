/** A site's counts, from its patients, in the order of the sum (settings.ts). */
import { EngraftError } from "../../base/errors.ts";
import type { Label } from "../labels.ts";
import type { Plan } from "../plan.ts";
import { cellsOf, measuresOf, partitionsOf, type Measure } from "./settings.ts";
import type { SummarySettings } from "./settings-schema.ts";

/** What is known of one patient: a number for each measure (NaN: none; of a category the code's index), and what the label says. */
export interface Counted {
  readonly values: readonly number[];
  readonly targets: readonly number[];
}

/** The cell of a value: 0 for none; of a number 1 below, the last one above. */
export function cellAt(measure: Measure, value: number): number {
  if (Number.isNaN(value)) return 0;
  if (measure.kind === "category") return 1 + value;
  const { edges } = measure;
  const [first, last] = [edges[0] as number, edges.at(-1) as number];
  if (value < first) return 1;
  if (value > last) return edges.length + 1;
  let bin = 0;
  while (bin < edges.length - 2 && value >= (edges[bin + 1] as number)) bin++;
  return 2 + bin;
}

/** The class of each partition. */
export function classesAt(label: Label, targets: readonly number[]): readonly number[] {
  if (label.kind === "regression") return [0];
  if (label.kind === "survival") return [targets[1] as number];
  if (label.kind === "multilabel") return targets.map((target) => (Number.isNaN(target) ? 2 : target));
  return [targets[0] as number];
}

/** Where each partition's classes begin among all classes. */
const startsOf = (label: Label): readonly number[] => {
  let at = 0;
  return partitionsOf(label).map(({ classes }) => (at += classes.length) - classes.length);
};

/**
 * Each patient counts once: `patients` are those of the training and validation parts, `testPatients` how many there are beside them.
 * Throws `data-invalid` where there are fewer than the plan's minimum count.
 */
export function countPatients(
  { data, metrics }: Pick<Plan, "data" | "metrics">,
  settings: SummarySettings,
  patients: Iterable<Counted>,
  testPatients: number,
): readonly number[] {
  const measures = measuresOf(data, settings);
  const starts = startsOf(data.label);
  const classes = partitionsOf(data.label).reduce((sum, one) => sum + one.classes.length, 0);
  const inClasses = Array.from({ length: classes }, () => 0);
  const cells = measures.map((measure) => Array.from({ length: classes * cellsOf(measure) }, () => 0));
  let count = 0;
  for (const { values, targets } of patients) {
    count++;
    const its = classesAt(data.label, targets).map((one, partition) => (starts[partition] as number) + one);
    for (const one of its) inClasses[one] = (inClasses[one] as number) + 1;
    for (const [index, measure] of measures.entries()) {
      const into = cells[index] as number[];
      const cell = cellAt(measure, values[index] as number);
      for (const one of its) into[one * cellsOf(measure) + cell] = (into[one * cellsOf(measure) + cell] as number) + 1;
    }
  }
  if (count < metrics.minCount)
    throw new EngraftError(
      "data-invalid",
      "Fewer patients of this table can be counted than the plan's minimum: their counts do not leave.",
    );
  return [count, testPatients, ...inClasses, ...cells.flat()];
}
