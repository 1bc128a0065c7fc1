/** From a table's columns to the numbers that enter a model, by the manifest's input rules. */
import { EngraftError } from "@engraft/core/base/errors";
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Field } from "@engraft/core/models/fields";
import { scaled, targetsOf, type Label } from "@engraft/core/models/labels";
import type { InputRule, Manifest } from "@engraft/core/models/manifest";
import { PARTS, type Part } from "./split.ts";
import type { DataPlan, Table } from "./table.ts";
import { canonicalCode } from "./values.ts";

/** Samples of one part, ready for an engine. */
export interface Samples {
  readonly rows: number;
  /** Numbers per sample. */
  readonly width: number;
  /** Row-major, rows x width. */
  readonly x: Float32Array;
  /** Numbers in a sample's target. */
  readonly targets: number;
  /** Row-major, rows x targets, as models/labels.ts has them: what a loss takes. */
  readonly y: Float32Array;
  /** For each row, which patient it belongs to: 0, 1, ... in order of appearance in this part. */
  readonly patients: Uint32Array;
}

/** A rule for a column of numbers or codes. */
type ColumnRule = Exclude<InputRule, { readonly kind: "image" | "signal" }>;

/** What the frozen part made of the table's files: `width` numbers for each of `table.files`, in that order. */
export interface Features {
  readonly width: number;
  readonly values: Float32Array;
}

const widthOf = (rule: ColumnRule): number => (rule.kind === "standardise" ? 1 : rule.codes.length) + (rule.flagMissing ? 1 : 0);

const columnRules = (rules: readonly InputRule[]): readonly ColumnRule[] =>
  rules.filter((rule) => rule.kind !== "image" && rule.kind !== "signal");

/** Numbers per sample that enter the first layer: the file's features, then those of the rules. */
export const inputWidth = ({ inputs }: Pick<Manifest, "inputs">, features = 0): number =>
  columnRules(inputs).reduce((sum, rule) => sum + widthOf(rule), features);

type Encode = (value: number, x: Float32Array, at: number) => void;

function encoder(rule: ColumnRule, field: Field): Encode {
  const broken = (why: string): EngraftError =>
    new EngraftError("bad-input", `The base model's input rule for ${rule.field} ${why}. Ask its author for a corrected manifest.`);
  const flag = (missing: boolean, x: Float32Array, at: number): void => {
    if (rule.flagMissing) x[at] = missing ? 1 : 0;
  };
  if (rule.kind === "standardise") {
    if (field.kind !== "number") throw broken("standardises a field that is no number");
    return (value, x, at) => {
      const missing = Number.isNaN(value);
      x[at] = ((missing ? rule.fill : value) - rule.mean) / rule.sd;
      flag(missing, x, at + 1);
    };
  }
  if (field.kind !== "category") throw broken("one-hot encodes a field that has no codes");
  const codes = rule.codes.map((code) => canonicalCode(code));
  // A field's value is its index among the field's codes; here it becomes the index among the rule's codes, -1 where the rule has none.
  const columnOf = field.values.map((value) => codes.indexOf(canonicalCode(value.code)));
  const fill = field.values.findIndex((value) => canonicalCode(value.code) === canonicalCode(rule.fill));
  if (fill < 0) throw broken("fills with a code that the field does not have");
  return (value, x, at) => {
    const missing = Number.isNaN(value);
    const column = columnOf[missing ? fill : value] as number;
    if (column >= 0) x[at + column] = 1;
    flag(missing, x, at + codes.length);
  };
}

/** Rows of the patients that fall into a part. */
export function rowsOf({ parts, patientOf }: Pick<Table, "parts" | "patientOf">, part: Part): readonly number[] {
  const wanted = PARTS.indexOf(part);
  return [...patientOf.keys()].filter((row) => parts[patientOf[row] as number] === wanted);
}

function targetsIn({ labels }: Table, label: Label, rows: readonly number[]): Pick<Samples, "targets" | "y"> {
  const targets = targetsOf(label);
  const y = new Float32Array(rows.length * targets);
  rows.forEach((row, sample) => y.set(labels.subarray(row * targets, (row + 1) * targets), sample * targets));
  return { targets, y: label.kind === "regression" ? y.map((value) => scaled(label, value)) : y };
}

/** The samples of one part; `features` where the base takes pictures or recordings. Throws `bad-input` where the rules do not fit the fields. */
export function samplesOf(table: Table, plan: DataPlan, manifest: Pick<Manifest, "inputs">, part: Part, features?: Features): Samples {
  const width = inputWidth(manifest, features?.width);
  const rows = rowsOf(table, part);
  const numberOf = new Map<number, number>();
  for (const row of rows) {
    const patient = table.patientOf[row] as number;
    if (!numberOf.has(patient)) numberOf.set(patient, numberOf.size);
  }
  const x = new Float32Array(rows.length * width);
  const columnOf = (rule: InputRule): readonly [Field, Float64Array] => {
    const index = plan.fields.findIndex((field) => field.name === rule.field);
    const [field, column] = [plan.fields[index], table.columns[index]];
    if (field === undefined || column === undefined)
      throw new EngraftError("bad-input", `The plan lacks the field ${rule.field}, which the base model reads.`);
    return [field, column];
  };
  const file = manifest.inputs.find(readsFile);
  if (file !== undefined && features !== undefined) {
    const [, column] = columnOf(file);
    rows.forEach((row, sample) => {
      const from = (column[row] as number) * features.width;
      x.set(features.values.subarray(from, from + features.width), sample * width);
    });
  }
  let offset = features?.width ?? 0;
  for (const rule of columnRules(manifest.inputs)) {
    const [field, column] = columnOf(rule);
    const encode = encoder(rule, field);
    rows.forEach((row, sample) => encode(column[row] as number, x, sample * width + offset));
    offset += widthOf(rule);
  }
  return {
    rows: rows.length,
    width,
    x,
    ...targetsIn(table, plan.label, rows),
    patients: Uint32Array.from(rows, (row) => numberOf.get(table.patientOf[row] as number) as number),
  };
}
