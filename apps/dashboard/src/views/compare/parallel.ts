/** Runs as lines over axes: one for each setting that differs, and their result at the end. */
import type { SettingsView } from "@engraft/coordinator/api/curve-views";
import type { Line } from "./lines.ts";

export interface KnownLines {
  readonly lines: readonly Line[];
  /** Values in the lines' order. */
  readonly differences: SettingsView["differences"];
}

/**
 * Lines whose settings are known, beside these settings. Curves and settings are asked for apart: while one of the answers is still of
 * the runs that were chosen before, a line has its own settings or is left out.
 */
export function knownLines(lines: readonly Line[], settings: SettingsView): KnownLines {
  const places = new Map(settings.runs.map((run, index) => [run, index]));
  const known = lines.flatMap((line) => {
    const place = places.get(line.run);
    return place === undefined ? [] : [{ line, place }];
  });
  return {
    lines: known.map(({ line }) => line),
    differences: settings.differences.map(({ path, values }) => ({ path, values: known.map(({ place }) => values[place] ?? null) })),
  };
}

export interface Axis {
  readonly path: string;
  /** Ticks from the bottom up, 0 to 1. */
  readonly ticks: readonly { readonly text: string; readonly at: number }[];
  /** Where each run's line crosses it, in the runs' order; null where the plan has no such value. */
  readonly at: readonly (number | null)[];
}

/** Values this many times apart are put on a logarithmic axis. */
const LOG_FROM = 100;

/** Numbers stand where they belong, anything else in equal steps, in the order of their text. */
export function axisOf(path: string, values: readonly (string | null)[]): Axis {
  const known = [...new Set(values.filter((value) => value !== null))];
  const numbers = known.map(Number);
  if (known.length === 0 || numbers.some((value) => !Number.isFinite(value))) return inSteps(path, values, known.toSorted());
  return numeric(
    path,
    values.map((value) => (value === null ? null : Number(value))),
  );
}

export function numeric(path: string, values: readonly (number | null)[]): Axis {
  const known = [...new Set(values.filter((value) => value !== null))].toSorted((a, b) => a - b);
  const [low, high] = [known[0] ?? 0, known.at(-1) ?? 1];
  const scale = low > 0 && high / low >= LOG_FROM ? Math.log : (value: number): number => value;
  const at = (value: number): number => (high === low ? 0.5 : (scale(value) - scale(low)) / (scale(high) - scale(low)));
  const shown = known.length <= 6 ? known : [low, high];
  return {
    path,
    ticks: apart(shown.map((value) => ({ text: String(Number(value.toPrecision(4))), at: at(value) }))),
    at: values.map((value) => (value === null ? null : at(value))),
  };
}

/** Labels nearer than this lie on each other. */
const NEAREST = 0.07;

/** The ends always stand; between them what has room. */
const apart = (ticks: Axis["ticks"]): Axis["ticks"] => {
  const last = ticks.at(-1);
  const kept: { readonly text: string; readonly at: number }[] = [];
  for (const tick of ticks) {
    const free = kept.every(({ at }) => Math.abs(at - tick.at) >= NEAREST);
    if (tick === last || (free && (last === undefined || kept.length === 0 || last.at - tick.at >= NEAREST))) kept.push(tick);
  }
  return kept;
};

function inSteps(path: string, values: readonly (string | null)[], known: readonly string[]): Axis {
  const at = (value: string): number => (known.length < 2 ? 0.5 : known.indexOf(value) / (known.length - 1));
  return {
    path,
    ticks: known.length <= 12 ? known.map((text) => ({ text, at: at(text) })) : [],
    at: values.map((value) => (value === null ? null : at(value))),
  };
}
