/** From a column's unit to the plan's, by UCUM (the LHC's implementation of it). */
import type { Field } from "@engraft/core/models/fields";
import type { UcumLhcUtils } from "@lhncbc/ucum-lhc";
import type { TableDeclaration } from "./declaration.ts";

export type NumberField = Extract<Field, { readonly kind: "number" }>;

/** value x scale + offset */
export interface Conversion {
  readonly scale: number;
  readonly offset: number;
}

export const SAME: Conversion = { scale: 1, offset: 0 };
export const convert = ({ scale, offset }: Conversion, value: number): number => value * scale + offset;

/** Digits of a double that survive the library's own arithmetic. */
const rounded = (value: number): number => Number(value.toPrecision(12));

let loaded: Promise<UcumLhcUtils> | undefined;

/** Loaded late: it reads the whole table of units. */
const ucum = (): Promise<UcumLhcUtils> =>
  (loaded ??= import("@lhncbc/ucum-lhc").then(({ default: { UcumLhcUtils } }) => UcumLhcUtils.getInstance()));

/** Undefined where one unit is not made of the other, or is no UCUM unit. `molarMass` (g/mol) lets mass become amount. */
export async function unitConversion(from: string, to: string, molarMass?: number): Promise<Conversion | undefined> {
  if (from === to) return SAME;
  const library = await ucum();
  const values = [1, 2, 3].map((value) => library.convertUnitTo(from, value, to, { molecularWeight: molarMass ?? null }).toVal);
  const [one, two, three] = values;
  if (typeof one !== "number" || typeof two !== "number" || typeof three !== "number") return undefined;
  const scale = two - one;
  // A scale that is no straight line, such as pH, is not converted.
  if (!(scale !== 0 && Math.abs(three - two - scale) <= 1e-9 * Math.abs(three))) return undefined;
  const offset = one - scale;
  return { scale: rounded(scale), offset: Math.abs(offset) <= 1e-9 * Math.abs(one) ? 0 : rounded(offset) };
}

/** What is done to a column's values before they are compared with the plan's range; undefined where it cannot be done. */
export async function declaredConversion(
  { units, factors }: TableDeclaration,
  field: Pick<NumberField, "name" | "unit" | "molarMass">,
): Promise<Conversion | undefined> {
  const factor = factors?.[field.name] ?? 1;
  const unit = units?.[field.name];
  const { scale, offset } =
    unit === undefined ? SAME : ((await unitConversion(unit, field.unit, field.molarMass)) ?? { scale: 0, offset: 0 });
  return scale === 0 ? undefined : { scale: rounded(factor * scale), offset };
}
