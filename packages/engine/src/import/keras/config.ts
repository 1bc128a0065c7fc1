/** Values of a layer's configuration, checked: they come from somebody else's file. */
import { cannotBring, quoted, wrongFile } from "./refusal.ts";

export type Config = Readonly<Record<string, unknown>>;

/** A layer, by what it is called. */
export interface Configured {
  readonly name: string;
  readonly kind: string;
  readonly config: Config;
}

const MOST = 65_536;

export const isRecord = (value: unknown): value is Config => typeof value === "object" && value !== null && !Array.isArray(value);

const say = ({ name, kind }: Configured): string => `The layer ${quoted(name)} (${quoted(kind).slice(1, -1)})`;

export const refuse = (layer: Configured, what: string): Error => cannotBring(`${say(layer)} ${what}`);

export const broken = (layer: Configured, what: string): Error => wrongFile(`${say(layer)} ${what}`);

/** A whole number of at least 1. */
export function count(layer: Configured, key: string, otherwise?: number): number {
  const value = layer.config[key] ?? otherwise;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > MOST)
    throw broken(layer, `has no usable ${quoted(key)}`);
  return value;
}

/** A real number. */
export function real(layer: Configured, key: string, otherwise: number): number {
  const value = layer.config[key] ?? otherwise;
  if (typeof value !== "number" || !Number.isFinite(value)) throw broken(layer, `has no usable ${quoted(key)}`);
  return value;
}

/** One whole number of at least `least` for each of so many dimensions; a single one holds for all. */
export function extents(layer: Configured, key: string, dimensions: number, otherwise: unknown, least = 1): number[] {
  const value: unknown = layer.config[key] ?? otherwise;
  const list: readonly unknown[] = Array.isArray(value) ? value : Array.from({ length: dimensions }, () => value);
  const fits = (one: unknown): one is number => typeof one === "number" && Number.isInteger(one) && one >= least && one <= 4096;
  if (list.length !== dimensions || !list.every(fits)) throw broken(layer, `has no usable ${quoted(key)}`);
  return [...list];
}

export function flag(layer: Configured, key: string, otherwise: boolean): boolean {
  const value = layer.config[key] ?? otherwise;
  if (typeof value !== "boolean") throw broken(layer, `has no usable ${quoted(key)}`);
  return value;
}

/** A real number for each of `length` places; a single one holds for all. */
export function reals(layer: Configured, key: string, length: number, otherwise: number): number[] {
  let value: unknown = layer.config[key] ?? otherwise;
  // Keras wraps arrays of its own: {class_name: "__numpy__", config: {value: [...]}}.
  if (isRecord(value) && isRecord(value["config"])) value = value["config"]["value"];
  const list = typeof value === "number" ? Array.from({ length }, () => value) : [value].flat(8);
  const fits = (one: unknown): one is number => typeof one === "number" && Number.isFinite(one);
  if (list.length !== length || !list.every(fits)) throw refuse(layer, `has a ${quoted(key)} that is not one number for each channel`);
  return list;
}

/** Refuses every option that makes a layer compute something else than Engraft's. */
export function only(layer: Configured, expected: Readonly<Record<string, string | number | boolean | null>>): void {
  for (const [key, value] of Object.entries(expected)) {
    const given = layer.config[key] ?? value;
    if (given !== value) throw refuse(layer, `has ${quoted(key)} = ${quoted(given)}, which Engraft's layers have not`);
  }
}
