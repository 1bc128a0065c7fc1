/** The curve as columns for the chart, its table and its sentence. */
import { HIGHER_IS_BETTER } from "@engraft/core/models/metric-means";
import type { MetricName } from "@engraft/core/models/plan";
import { curveMean, type CurvePoint, type RunView } from "@engraft/core/rounds/view";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";

export interface ChartData {
  readonly rounds: readonly number[];
  readonly mean: readonly (number | null)[];
  /** One column for each site of the run, in the run's order; null where it reports nothing. */
  readonly sites: readonly { readonly site: string; readonly slot: number; readonly values: readonly (number | null)[] }[];
  /** Last round to be shown on the axis: a little ahead of the newest. */
  readonly horizon: number;
}

/**
 * The weighted mean at a checkpoint, once every site that will report it has: a mean over the first site to answer would
 * jump. Checkpoint r is measured by the answers of round r + 1, the last one by the evaluation.
 */
export function settledMean(view: RunView, point: CurvePoint, metric: MetricName): number | undefined {
  const measuring = view.rounds[point.round];
  const evaluated = view.evaluation !== null && view.comparisons.length + view.evaluation.missed.length >= view.evaluation.cohort.length;
  const settled = view.end !== null || (measuring === undefined ? evaluated : measuring.closed !== null);
  return settled ? curveMean(point, metric) : undefined;
}

export function chartData(view: RunView, metric: MetricName, plannedRounds: number): ChartData {
  const rounds = view.curve.map((point) => point.round);
  const newest = rounds.at(-1) ?? 0;
  const horizon = view.end === null ? Math.min(plannedRounds, Math.max(4, newest + 2)) : Math.max(1, newest);
  return {
    rounds,
    mean: view.curve.map((point) => settledMean(view, point, metric) ?? null),
    sites: view.sites.map((site, slot) => ({
      site,
      slot,
      values: view.curve.map((point) => point.sites[site]?.values[metric]?.value ?? null),
    })),
    horizon,
  };
}

const NARROWEST = 1;

/** The rounds in view after one step in (half as many) or out (twice as many) around `around`; null is all of them. */
export function stepZoom(
  data: ChartData,
  zoom: readonly [number, number] | null,
  way: "in" | "out",
  around?: number,
): readonly [number, number] | null {
  const [from, to] = zoom ?? [0, data.horizon];
  const newest = data.rounds.at(-1) ?? 0;
  const length = way === "in" ? Math.max(NARROWEST, (to - from) / 2) : (to - from) * 2;
  if (length >= data.horizon) return null;
  // Without a place of its own a step goes to the newest rounds, which most are about.
  const middle = around ?? Math.min(to, newest) - (way === "in" ? length : to - from) / 2;
  const start = Math.max(0, Math.min(middle - length / 2, data.horizon - length));
  return [start, start + length];
}

export const hasValues = (data: ChartData): boolean => data.sites.some(({ values }) => values.some((value) => value !== null));

export const roundName = (round: number): string => (round === 0 ? "start" : String(round));

/** What the chart shows, as a sentence. */
export function chartSentence(data: ChartData, metric: MetricName): string {
  const known = data.mean.flatMap((value, index) => (value === null ? [] : [{ round: data.rounds[index] ?? 0, value }]));
  const first = known[0];
  const last = known.at(-1);
  const newest = data.rounds.at(-1);
  // What is being measured now: figures of the sites that have answered, before there is a mean over all.
  const coming =
    newest === undefined || newest === last?.round
      ? ""
      : ` So far at ${newest === 0 ? "the start" : `round ${newest}`}: ${sitesAt(data, data.rounds.length - 1)}.`;
  if (first === undefined || last === undefined) return `${METRIC_TITLES[metric]} on held-out patients: no mean yet.${coming}`;
  const best = known.reduce((a, b) => ((HIGHER_IS_BETTER[metric] ? b.value > a.value : b.value < a.value) ? b : a));
  const index = data.rounds.indexOf(last.round);
  return `${METRIC_TITLES[metric]} on held-out patients, weighted mean over sites: ${metricText(first.value)} at the start, ${metricText(last.value)} after round ${last.round}, best ${metricText(best.value)} after round ${best.round}. There: ${sitesAt(data, index)}.${coming}`;
}

const sitesAt = (data: ChartData, index: number): string =>
  data.sites
    .flatMap(({ site, values }) => {
      const value = values[index] ?? null;
      return value === null ? [] : [`${site} ${metricText(value)}`];
    })
    .join(", ");

/** Comma-separated, a row for each round. */
export function chartCsv(data: ChartData, metric: MetricName): string {
  const cell = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));
  const head = ["round", `${metric}_weighted_mean`, ...data.sites.map(({ site }) => `${metric}_${site}`)];
  const rows = data.rounds.map((round, index) => [
    String(round),
    cell(data.mean[index]),
    ...data.sites.map(({ values }) => cell(values[index])),
  ]);
  return [head, ...rows]
    .map((row) => row.join(","))
    .join("\n")
    .concat("\n");
}
