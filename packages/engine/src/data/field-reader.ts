/** What the texts of a field's column say. */
import type { Field } from "@engraft/core/models/fields";
import type { Codes } from "./codes.ts";
import { decimalOf, type TableDeclaration } from "./declaration.ts";
import type { FindingKind, Findings } from "./findings.ts";
import { convert, declaredConversion, SAME, type Conversion } from "./units.ts";
import { canonicalCode, parseNumber } from "./values.ts";

export type Reader = (text: string) => number | FindingKind;

/** What a site says of a field's values. */
export interface Meaning {
  readonly conversion: Conversion;
  readonly codes: ReadonlyMap<string, string>;
}

/** One for each field; what cannot be done is a finding of the header. */
export async function meaningsOf(
  declaration: TableDeclaration,
  fields: readonly Field[],
  codes: Codes,
  { findings, line }: { readonly findings: Findings; readonly line: number },
): Promise<readonly Meaning[]> {
  const meanings: Meaning[] = [];
  for (const field of fields) {
    const its = codes.get(field.name) ?? new Map<string, string>();
    const conversion = field.kind === "number" ? await declaredConversion(declaration, field) : SAME;
    if (conversion === undefined) findings.add("unit-unknown", line, field.name);
    if (field.kind === "category") {
      const known = new Set(field.values.map(({ code }) => canonicalCode(code)));
      if ([...its.values()].some((code) => !known.has(canonicalCode(code)))) findings.add("code-map-wrong", line, field.name);
    }
    meanings.push({ conversion: conversion ?? SAME, codes: its });
  }
  return meanings;
}

/** A site's code as the plan's. */
export function translated(codes: ReadonlyMap<string, string> | undefined, decimal: "." | ","): (text: string) => string {
  if (codes === undefined || codes.size === 0) return (text) => text;
  return (text) => codes.get(canonicalCode(text, decimal)) ?? text;
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
  const plans = translated(codes, decimal);
  return (text) => {
    const code = plans(text);
    return indices.get(canonicalCode(code, code === text ? decimal : ".")) ?? "unknown-code";
  };
}
