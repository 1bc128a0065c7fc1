/** How many rows say what: by class, by label, by event or censoring; a number has none. */
import { targetsOf, type Label } from "@engraft/core/models/labels";

/** Rows by the name of what their label says. Of several yes/no labels: rows with a yes, by the label's name. */
export type Outcomes = Readonly<Record<string, number>>;

/** `labels` row-major, as in a `Table`; `rows` those that count, all by default. */
export function countOutcomes(label: Label, labels: Float64Array, rows?: readonly number[]): Outcomes {
  const width = targetsOf(label);
  const counted = rows ?? Array.from({ length: labels.length / width }, (_, row) => row);
  const rowsWith = (value: number, target = 0): number => counted.filter((row) => labels[row * width + target] === value).length;
  const byName = (names: readonly string[], count: (index: number) => number): Outcomes =>
    Object.fromEntries(names.map((name, index) => [name, count(index)]));
  switch (label.kind) {
    case undefined:
      return { positive: rowsWith(1), negative: rowsWith(0) };
    case "multiclass":
    case "ordinal":
      return byName(
        label.classes.map(({ name }) => name),
        (index) => rowsWith(index),
      );
    case "multilabel":
      return byName(
        label.labels.map(({ name }) => name),
        (index) => rowsWith(1, index),
      );
    case "survival":
      return { events: rowsWith(1, 1), censored: rowsWith(0, 1) };
    case "regression":
      return {};
    default:
      return label satisfies never;
  }
}
