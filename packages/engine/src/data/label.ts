/** Reads a row's label: from which columns, and what their texts say. */
import { columnsOf, kindOf, type Label, type RegressionLabel, type SurvivalLabel } from "@engraft/core/models/labels";
import type { TableDeclaration } from "./declaration.ts";
import { codeReader, type Meaning, type Wanted } from "./field-reader.ts";
import type { FindingKind } from "./findings.ts";
import { convert, SAME } from "./units.ts";
import { canonicalCode, parseNumber } from "./values.ts";

export const LABEL = "label";

/** The columns of the table that hold a label, in order. */
export function labelColumns(declaration: TableDeclaration, label: Label): readonly string[] {
  const parts = columnsOf(label);
  return parts.length === 0 ? [declaration.label] : parts.map((name) => declaration.columns[name] ?? name);
}

/** What the plan wants of each of them. */
export function labelParts(label: Label): readonly Wanted[] {
  if (label.kind === "multilabel")
    return label.labels.map(({ name, positive, negative }) => ({ name, of: name, codes: [...positive, ...negative] }));
  if (label.kind === "survival") {
    const { time, event } = label;
    return [
      { name: time.name, of: time.name, unit: time.unit },
      { name: event.name, of: event.name, codes: [...event.occurred, ...event.censored] },
    ];
  }
  if (label.kind === "regression") return [{ name: label.name, of: LABEL, unit: label.unit }];
  return [{ name: label.name, of: LABEL, codes: codesOf(label).flat() }];
}

export interface LabelReading {
  /** As models/labels.ts has them; undefined where the row cannot be used. */
  readonly targets: readonly number[] | undefined;
  readonly problems: readonly { readonly kind: FindingKind; readonly of: string }[];
}

/** Takes one text for each column, undefined where it means "no value". */
export type LabelReader = (texts: readonly (string | undefined)[]) => LabelReading;

type Decimal = "." | ",";

/** A column's meaning; as it stands where the site says nothing of it. */
const PLAIN: Meaning = { conversion: SAME, codes: new Map() };

/** `codes[i]` are those that mean i. */
function indexOfCode(
  codes: readonly (readonly string[])[],
  { codes: site }: Meaning,
  decimal: Decimal,
): (text: string) => number | undefined {
  const meanings = new Map(codes.flatMap((list, index) => list.map((code) => [canonicalCode(code), index] as const)));
  const plans = codeReader(site, decimal);
  return (text) => meanings.get(plans(text));
}

/** Of several codes the highest meaning counts: for a yes/no label, yes where one of them means yes. */
function codesReader(
  codes: readonly (readonly string[])[],
  meaning: Meaning,
  decimal: Decimal,
  several: boolean,
): (text: string) => number | undefined {
  const one = indexOfCode(codes, meaning, decimal);
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

/** `meanings`: of the label's columns. `several`: a text may hold several codes, as a recording's header does. */
export function labelReader(label: Label, meanings: readonly Meaning[], decimal: Decimal, several = false): LabelReader {
  if (label.kind === "multilabel") return multilabelReader(label.labels, meanings, decimal);
  if (label.kind === "survival") return survivalReader(label, meanings, decimal);
  const [meaning = PLAIN] = meanings;
  const read = label.kind === "regression" ? numberReader(label, meaning, decimal) : codesReader(codesOf(label), meaning, decimal, several);
  const unknown = kindOf(label) === "regression" ? "unusable-label" : "unknown-label";
  return ([text]) => {
    if (text === undefined) return unusable("no-label");
    const target = read(text);
    return target === undefined ? unusable(unknown) : { targets: [target], problems: [] };
  };
}

function numberReader(
  { min, max }: Pick<RegressionLabel, "min" | "max">,
  { conversion }: Meaning,
  decimal: Decimal,
): (text: string) => number | undefined {
  return (text) => {
    const written = parseNumber(text, decimal);
    const value = written === undefined ? Number.NaN : convert(conversion, written);
    return value >= min && value <= max ? value : undefined;
  };
}

/** A row counts with the labels that it has; one that has none is left out. */
function multilabelReader(
  labels: readonly { readonly name: string; readonly positive: readonly string[]; readonly negative: readonly string[] }[],
  meanings: readonly Meaning[],
  decimal: Decimal,
): LabelReader {
  const readers = labels.map(({ positive, negative }, index) => indexOfCode([negative, positive], meanings[index] ?? PLAIN, decimal));
  return (texts) => {
    const read = texts.map((text, index) => (text === undefined ? undefined : readers[index]?.(text)));
    const unknown = labels.flatMap(({ name }, index) =>
      texts[index] !== undefined && read[index] === undefined ? [{ kind: "unknown-code" as const, of: name }] : [],
    );
    if (read.every((value) => value === undefined)) return { targets: undefined, problems: [...unknown, { kind: "no-label", of: LABEL }] };
    return { targets: read.map((value) => value ?? Number.NaN), problems: unknown };
  };
}

function survivalReader(
  { time, event }: SurvivalLabel,
  [ofTime = PLAIN, ofEvent = PLAIN]: readonly Meaning[],
  decimal: Decimal,
): LabelReader {
  const readTime = numberReader({ min: 0, max: time.max }, ofTime, decimal);
  const readEvent = indexOfCode([event.censored, event.occurred], ofEvent, decimal);
  return ([timeText, eventText]) => {
    if (timeText === undefined) return unusable("no-label", time.name);
    if (eventText === undefined) return unusable("no-label", event.name);
    const [at, occurred] = [readTime(timeText), readEvent(eventText)];
    if (at === undefined) return unusable("unusable-label", time.name);
    return occurred === undefined ? unusable("unknown-label", event.name) : { targets: [at, occurred], problems: [] };
  };
}
