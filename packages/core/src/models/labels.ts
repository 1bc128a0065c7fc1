/** What follows from a label's kind (label-schemas.ts): how many numbers a sample's target holds, and how many a model gives for it. */
import type { Label, RegressionLabel, SurvivalLabel } from "./label-schemas.ts";

export type { Label, RegressionLabel, SurvivalLabel };

export type LabelKind = NonNullable<Label["kind"]> | "binary";

export const kindOf = (label: Label): LabelKind => label.kind ?? "binary";

/** Whether it is one of classes, which can be weighed against each other. */
export const hasClasses = ({ kind }: Label): boolean => kind !== "regression" && kind !== "survival";

/**
 * Numbers in a sample's target. binary: 0 or 1. multiclass, ordinal: index of the class. multilabel: 0, 1 or NaN (not known) for each.
 * regression: the value, scaled (`scaled`). survival: time, then 1 for an event and 0 for censoring.
 */
export function targetsOf(label: Label): number {
  if (label.kind === "multilabel") return label.labels.length;
  return label.kind === "survival" ? 2 : 1;
}

/** Numbers that a model gives for a sample: logits, a scaled value, or a log hazard ratio. */
export function outputsOf(label: Label): number {
  if (label.kind === "multilabel") return label.labels.length;
  return label.kind === "multiclass" || label.kind === "ordinal" ? label.classes.length : 1;
}

type Range = Pick<RegressionLabel, "min" | "max">;

/** A model's output for a value: the range becomes -1 to 1, so that a learning rate means the same in every unit. */
export const scaled = ({ min, max }: Range, value: number): number => (2 * (value - min)) / (max - min) - 1;

/** The reverse of `scaled`. */
export const unscaled = ({ min, max }: Range, output: number): number => min + ((output + 1) * (max - min)) / 2;

/** Names of the columns of a label that has several; a site finds them as it finds fields. A label of one column is where the site declares it. */
export function columnsOf(label: Label): readonly string[] {
  if (label.kind === "survival") return [label.time.name, label.event.name];
  return label.kind === "multilabel" ? label.labels.map(({ name }) => name) : [];
}
