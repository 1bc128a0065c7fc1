/**
 * What every kind of label needs in order to be counted: whole numbers that can be summed under the masks, with sums of fractions as
 * fixed-point numbers, and what a sum of them says. Free of node's modules.
 */
import type { MetricName } from "../metric-names.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";

/** Bins of equal width over [0, 1]; a score of 1 is in the last. */
export const BINS = 64;
/** Eighths of [0, 1], for the calibration curve. */
export const EIGHTHS = 8;
/** A probability this close to 0 or 1 is taken as this in the log loss: a float32 output cannot be told apart from it. */
export const SURE = 1e-7;
/** Rows of one site; no honest one has more. */
export const MAX_ROWS = 100_000_000;
/** Sums of fractions are counted in steps of 2^-20: off by at most half of it for each site. */
export const SCALE = 2 ** 20;

export const binOf = (score: number): number => Math.min(BINS - 1, Math.floor(score * BINS));

/** The edges of a bin. */
export const lower = (bin: number): number => bin / BINS;
export const upper = (bin: number): number => (bin + 1) / BINS;

export const steps = (value: number): number => Math.round(value * SCALE);

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What is asked of a sum. */
export interface Asked {
  readonly names: readonly MetricName[];
  readonly minCount: number;
  /** How many sites are in the sum. */
  readonly sites: number;
  /** For each yes/no label the bin from which on a score is a yes; undefined where none was chosen on other patients. */
  readonly yesFrom?: readonly number[] | undefined;
}

/** Whether a sum of fractions over so many sites can lie between two bounds. */
export function between(value: number, least: number, most: number, sites: number): boolean {
  const slack = sites / SCALE + 1e-9 * Math.abs(most);
  return least - slack <= value && value <= most + slack;
}

export const whole = (totals: readonly number[], length: number): boolean =>
  totals.length === length && totals.every((total) => Number.isSafeInteger(total) && total >= 0);

/** Exact, as far as numbers go. */
export const exact = (value: number | null): Bounded | null => (value === null ? null : { value, low: value, high: value });

/** Mean of a sum of fractions over rows: each site rounds once; each row's addition is off by the last bit of a double. */
export function meanWithin(total: number, rows: number, sites: number): Bounded {
  const by = sites / 2 / SCALE / rows + total * Number.EPSILON;
  return { value: total / rows, low: Math.max(0, total / rows - by), high: total / rows + by };
}

/** The named figures, null where there is none. */
export const named = (asked: Asked, all: Readonly<Partial<Record<MetricName, Bounded | null>>>): PooledMetrics["values"] =>
  Object.fromEntries(asked.names.map((name) => [name, all[name] ?? null]));
