/** What the texts of a field's column say. */
import type { Field } from "@engraft/core/models/fields";
import type { Codes } from "./codes.ts";
import { decimalOf, type TableDeclaration } from "./declaration.ts";
import type { FindingKind, Findings } from "./findings.ts";
import { convert, declaredConversion, SAME, type Conversion } from "./units.ts";
import { canonicalCode, parseNumber } from "./values.ts";

/** `beat`: seconds into the recording, of a row that is one. */
export type Reader = (text: string, beat?: number) => number | FindingKind;

/** A column that holds a field or a part of the label, as the plan has it. */
export interface Wanted {
  readonly name: string;
  /** By which findings speak of it. */
  readonly of: string;
  /** Of a number. */
  readonly unit?: string;
  /** g/mol, of a number. */
  readonly molarMass?: number;
  /** The plan's, where the column holds codes. */
  readonly codes?: readonly string[];
}

export function wantedOf(field: Field): Wanted {
  const { name } = field;
  if (field.kind === "category") return { name, of: name, codes: field.values.map(({ code }) => code) };
  if (field.kind !== "number") return { name, of: name };
  return { name, of: name, unit: field.unit, ...(field.molarMass === undefined ? {} : { molarMass: field.molarMass }) };
}

/** What a site says of a column's values. */
export interface Meaning {
  readonly conversion: Conversion;
  readonly codes: ReadonlyMap<string, string>;
}

/** One for each column; what cannot be done is a finding of the header. */
export async function meaningsOf(
  declaration: TableDeclaration,
  columns: readonly Wanted[],
  codes: Codes,
  { findings, line }: { readonly findings: Findings; readonly line: number },
): Promise<readonly Meaning[]> {
  const meanings: Meaning[] = [];
  for (const { of, unit, ...column } of columns) {
    const its = codes.get(column.name) ?? new Map<string, string>();
    const conversion = unit === undefined ? SAME : await declaredConversion(declaration, { ...column, unit });
    if (conversion === undefined) findings.add("unit-unknown", line, of);
    if (column.codes !== undefined) {
      const known = new Set(column.codes.map((code) => canonicalCode(code)));
      if ([...its.values()].some((code) => !known.has(canonicalCode(code)))) findings.add("code-map-wrong", line, of);
    }
    meanings.push({ conversion: conversion ?? SAME, codes: its });
  }
  return meanings;
}

/** From a text, in the site's codes or the plan's, to the plan's code in one spelling. */
export function codeReader(codes: ReadonlyMap<string, string>, decimal: "." | ","): (text: string) => string {
  return (text) => {
    const code = codes.get(canonicalCode(text, decimal));
    return code === undefined ? canonicalCode(text, decimal) : canonicalCode(code);
  };
}

/** `observe` gets every number in the plan's unit, also those outside its range. */
export function fieldReader(
  field: Field,
  { conversion, codes }: Meaning,
  declaration: TableDeclaration,
  { fileOf, observe }: { readonly fileOf: Reader; readonly observe: (value: number) => void },
): Reader {
  const decimal = decimalOf(declaration);
  if (field.kind === "image" || field.kind === "signal") return fileOf;
  if (field.kind === "number") {
    const { min, max } = field;
    return (text) => {
      const written = parseNumber(text, decimal);
      if (written === undefined) return "not-a-number";
      const value = convert(conversion, written);
      observe(value);
      return value < min || value > max ? "outside-range" : value;
    };
  }
  const indices = new Map(field.values.map((value, index) => [canonicalCode(value.code), index]));
  const plans = codeReader(codes, decimal);
  return (text) => indices.get(plans(text)) ?? "unknown-code";
}
