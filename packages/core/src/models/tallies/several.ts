/** Several yes/no labels counted: each as one is, over the rows in which it is known. Figures are means over the labels. */
import type { MetricName } from "../metric-names.ts";
import type { Bounded, PooledMetrics } from "../pooled.ts";
import { whole, type Asked } from "./counting.ts";
import { readYesNo, YES_NO_TOTALS, yesNoTotals, yesNoValues, type YesNoTally } from "./yes-no.ts";

export interface SeveralTally {
  readonly kind: "multilabel";
  readonly patients: number;
  readonly labels: readonly YesNoTally[];
}

export const severalLength = (labels: number): number => 1 + labels * YES_NO_TOTALS;

export const severalTotals = ({ patients, labels }: SeveralTally): readonly number[] => [patients, ...labels.flatMap(yesNoTotals)];

export function readSeveral(totals: readonly number[], sites: number, labels: number): SeveralTally | undefined {
  if (!whole(totals, severalLength(labels))) return undefined;
  const [patients = 0] = totals;
  const read = Array.from({ length: labels }, (_, index) =>
    readYesNo(totals.slice(1 + index * YES_NO_TOTALS, 1 + (index + 1) * YES_NO_TOTALS), sites),
  ).filter((tally) => tally !== undefined);
  const most = Math.max(...read.map((tally) => tally.patients));
  const all = read.reduce((sum, tally) => sum + tally.patients, 0);
  return read.length === labels && most <= patients && patients <= all ? { kind: "multilabel", patients, labels: read } : undefined;
}

export function severalFigures({ patients, labels }: SeveralTally, asked: Asked): PooledMetrics {
  const each = labels.map((tally, index) => yesNoValues(tally, asked.sites, asked.yesFrom?.[index]));
  const mean = (name: MetricName): Bounded | null => {
    const found = each.map((values) => values[name] ?? null).filter((value) => value !== null);
    if (found.length === 0) return null;
    const over = (of: (value: Bounded) => number): number => found.reduce((sum, value) => sum + of(value), 0) / found.length;
    return { value: over(({ value }) => value), low: over(({ low }) => low), high: over(({ high }) => high) };
  };
  return { n: patients, positives: null, values: Object.fromEntries(asked.names.map((name) => [name, mean(name)])), calibration: [] };
}
