/** What a label says of a row, by name: classes for a yes/no label. */
import type { DataPlan } from "./table.ts";

type Label = DataPlan["label"];

/** Rows by the name of what their label says. */
export type Outcomes = Readonly<Record<string, number>>;

/** The names, in order. None for a label that has no classes. */
export const outcomeNames = (_label: Label): readonly string[] => ["positive", "negative"];

/** Which of the names hold for one row's targets. */
export const outcomesOf = (_label: Label, targets: readonly number[]): readonly number[] => [targets[0] === 1 ? 0 : 1];
