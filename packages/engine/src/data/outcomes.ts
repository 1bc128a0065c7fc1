/** What a label says of a row, by name: a class, a label that holds, an event or censoring; a number says nothing of the kind. */
import type { Label } from "@engraft/core/models/labels";

/** Rows by the name of what their label says. Of several yes/no labels: rows with a yes, by the label's name. */
export type Outcomes = Readonly<Record<string, number>>;

/** The names, in order. None for a label that has no classes. */
export function outcomeNames(label: Label): readonly string[] {
  switch (label.kind) {
    case undefined:
      return ["positive", "negative"];
    case "multiclass":
    case "ordinal":
      return label.classes.map(({ name }) => name);
    case "multilabel":
      return label.labels.map(({ name }) => name);
    case "survival":
      return ["events", "censored"];
    case "regression":
      return [];
    default:
      return label satisfies never;
  }
}

/** Those without which nothing is learnt: a table in which nobody is censored is a good one. */
export const neededOutcomes = (label: Label): readonly string[] => outcomeNames(label).slice(0, label.kind === "survival" ? 1 : undefined);

/** Which of the names hold for one row's targets (models/labels.ts). */
export function outcomesOf(label: Label, targets: ArrayLike<number>): readonly number[] {
  switch (label.kind) {
    case undefined:
      return [targets[0] === 1 ? 0 : 1];
    case "multiclass":
    case "ordinal":
      return [targets[0] as number];
    case "multilabel":
      return label.labels.flatMap((_, index) => (targets[index] === 1 ? [index] : []));
    case "survival":
      return [targets[1] === 1 ? 0 : 1];
    case "regression":
      return [];
    default:
      return label satisfies never;
  }
}
