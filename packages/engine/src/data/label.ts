/** Reads a row's label: from which columns, and what their texts say. */
import { columnsOf, kindOf, type Label, type RegressionLabel, type SurvivalLabel } from "@engraft/core/models/labels";
import type { TableDeclaration } from "./declaration.ts";
import type { FindingKind } from "./findings.ts";
import { canonicalCode, parseNumber } from "./values.ts";

const LABEL = "label";

/** The columns that hold a label, in order, and the name by which a finding speaks of each. */
export function labelColumns(declaration: TableDeclaration, label: Label): readonly { readonly column: string; readonly of: string }[] {
  const parts = columnsOf(label);
  if (parts.length === 0) return [{ column: declaration.label, of: LABEL }];
  return parts.map((name) => ({ column: declaration.columns[name] ?? name, of: name }));
}

export interface LabelReading {
  /** As models/labels.ts has them; undefined where the row cannot be used. */
  readonly targets: readonly number[] | undefined;
  readonly problems: readonly { readonly kind: FindingKind; readonly of: string }[];
}

/** Takes one text for each column, undefined where it means "no value". */
export type LabelReader = (texts: readonly (string | undefined)[]) => LabelReading;

type Decimal = "." | ",";

/** `codes[i]` are those that mean i. */
function indexOfCode(codes: readonly (readonly string[])[], decimal: Decimal): (text: string) => number | undefined {
  const meanings = new Map(codes.flatMap((list, index) => list.map((code) => [canonicalCode(code), index] as const)));
  return (text) => meanings.get(canonicalCode(text, decimal));
}

/** Of several codes the highest meaning counts: for a yes/no label, yes where one of them means yes. */
function codeReader(codes: readonly (readonly string[])[], decimal: Decimal, several: boolean): (text: string) => number | undefined {
  const one = indexOfCode(codes, decimal);
  if (!several) return one;
  return (text) => {
    const known = text.split(",").flatMap((code) => one(code.trim()) ?? []);
    return known.length === 0 ? undefined : Math.max(...known);
  };
}

function codesOf(label: Exclude<Label, { readonly kind: "multilabel" | "regression" | "survival" }>): readonly (readonly string[])[] {
  return label.kind === undefined ? [label.negative, label.positive] : label.classes.map(({ codes }) => codes);
}

const unusable = (kind: FindingKind, of: string = LABEL): LabelReading => ({ targets: undefined, problems: [{ kind, of }] });

/** `several`: a text may hold several codes, as a recording's header does. */
export function labelReader(label: Label, decimal: Decimal, several = false): LabelReader {
  if (label.kind === "multilabel") return multilabelReader(label.labels, decimal);
  if (label.kind === "survival") return survivalReader(label, decimal);
  const read = label.kind === "regression" ? numberReader(label, decimal) : codeReader(codesOf(label), decimal, several);
  const unknown = kindOf(label) === "regression" ? "unusable-label" : "unknown-label";
  return ([text]) => {
    if (text === undefined) return unusable("no-label");
    const target = read(text);
    return target === undefined ? unusable(unknown) : { targets: [target], problems: [] };
  };
}

function numberReader({ min, max }: Pick<RegressionLabel, "min" | "max">, decimal: Decimal): (text: string) => number | undefined {
  return (text) => {
    const value = parseNumber(text, decimal);
    return value === undefined || value < min || value > max ? undefined : value;
  };
}

/** A row counts with the labels that it has; one that has none is left out. */
function multilabelReader(
  labels: readonly { readonly name: string; readonly positive: readonly string[]; readonly negative: readonly string[] }[],
  decimal: Decimal,
): LabelReader {
  const readers = labels.map(({ positive, negative }) => indexOfCode([negative, positive], decimal));
  return (texts) => {
    const read = texts.map((text, index) => (text === undefined ? undefined : readers[index]?.(text)));
    const unknown = labels.flatMap(({ name }, index) =>
      texts[index] !== undefined && read[index] === undefined ? [{ kind: "unknown-code" as const, of: name }] : [],
    );
    if (read.every((value) => value === undefined)) return { targets: undefined, problems: [...unknown, { kind: "no-label", of: LABEL }] };
    return { targets: read.map((value) => value ?? Number.NaN), problems: unknown };
  };
}

function survivalReader({ time, event }: SurvivalLabel, decimal: Decimal): LabelReader {
  const readTime = numberReader({ min: 0, max: time.max }, decimal);
  const readEvent = indexOfCode([event.censored, event.occurred], decimal);
  return ([timeText, eventText]) => {
    if (timeText === undefined) return unusable("no-label", time.name);
    if (eventText === undefined) return unusable("no-label", event.name);
    const [at, occurred] = [readTime(timeText), readEvent(eventText)];
    if (at === undefined) return unusable("unusable-label", time.name);
    return occurred === undefined ? unusable("unknown-label", event.name) : { targets: [at, occurred], problems: [] };
  };
}
