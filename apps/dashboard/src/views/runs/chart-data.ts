/** The curve as columns for the chart, its table and its sentence. */
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { bestOf, mainCurve, type MainPoint } from "./main-curve.ts";
import { boundsText, isSecure } from "./secure/pooled.ts";

export interface ChartData {
  readonly rounds: readonly number[];
  /** What the main line stands for: all sites' patients together, or the weighted mean over sites. */
  readonly kind: "pooled" | "mean";
  readonly main: readonly (MainPoint | null)[];
  /** One column for each site that has a line, in the run's order; null where it reports nothing. `slot`: its place in the run. */
  readonly sites: readonly { readonly site: string; readonly slot: number; readonly values: readonly (number | null)[] }[];
  /** Last round to be shown on the axis: a little ahead of the newest. */
  readonly horizon: number;
}

export function chartData(view: RunView, metric: MetricName, plannedRounds: number): ChartData {
  const points = mainCurve(view, metric);
  const rounds = [...new Set([...view.curve, ...points].map((point) => point.round))].toSorted((a, b) => a - b);
  const newest = rounds.at(-1) ?? 0;
  const horizon = view.end === null ? Math.min(plannedRounds, Math.max(4, newest + 2)) : Math.max(1, newest);
  return {
    rounds,
    kind: isSecure(view) ? "pooled" : "mean",
    main: rounds.map((round) => points.find((point) => point.round === round) ?? null),
    sites: sitesIn(view, metric, rounds),
    horizon,
  };
}

/** Sites that show no figures of their own under secure aggregation are in the sum alone, and get no line. */
function sitesIn(view: RunView, metric: MetricName, rounds: readonly number[]): ChartData["sites"] {
  const sites = view.sites.map((site, slot) => ({
    site,
    slot,
    values: rounds.map((round) => view.curve.find((point) => point.round === round)?.sites[site]?.values[metric]?.value ?? null),
  }));
  return isSecure(view) ? sites.filter(({ values }) => values.some((value) => value !== null)) : sites;
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

export const hasValues = ({ main, sites }: ChartData): boolean =>
  main.some((point) => point !== null) || sites.some(({ values }) => values.some((value) => value !== null));

export const MAIN_NAMES = {
  pooled: { long: "All sites’ patients together", line: "All sites", short: "All", column: "All sites" },
  mean: { long: "Weighted mean", line: "Mean", short: "Mean", column: "Mean" },
} as const;

export const roundName = (round: number): string => (round === 0 ? "start" : String(round));

/** What the chart shows, as a sentence. */
export function chartSentence(data: ChartData, metric: MetricName): string {
  const known = data.main.filter((point) => point !== null);
  const [first, last, best] = [known[0], known.at(-1), bestOf(known, metric)];
  const newest = data.rounds.at(-1);
  // What is being measured now: figures of the sites that have answered, before there is one over all.
  const coming =
    newest === undefined || newest === last?.round
      ? ""
      : ` So far at ${newest === 0 ? "the start" : `round ${newest}`}: ${sitesAt(data, data.rounds.length - 1)}.`;
  const over = data.kind === "pooled" ? "all sites’ held-out patients together" : "held-out patients";
  if (first === undefined || last === undefined || best === undefined) {
    return `${METRIC_TITLES[metric]} on ${over}: no ${data.kind === "pooled" ? "sum" : "mean"} yet.${coming}`;
  }
  const bounds = last.bounds === null ? undefined : boundsText(last.bounds);
  const exact = bounds === undefined ? "" : ` The exact figure there is between ${bounds.replace(" to ", " and ")}.`;
  const there = sitesAt(data, data.rounds.indexOf(last.round));
  const what = data.kind === "pooled" ? ", out of the sum" : ", weighted mean over sites";
  return `${METRIC_TITLES[metric]} on ${over}${what}: ${metricText(first.value)} ${afterText(first)}, ${metricText(last.value)} ${afterText(last)}, best ${metricText(best.value)} ${afterText(best)}.${exact}${there === "" ? "" : ` There: ${there}.`}${coming}`;
}

const afterText = ({ round }: MainPoint): string => (round === 0 ? "at the start" : `after round ${round}`);

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
  const main = data.kind === "pooled" ? [`${metric}_pooled`, `${metric}_pooled_low`, `${metric}_pooled_high`] : [`${metric}_weighted_mean`];
  const head = ["round", ...main, ...data.sites.map(({ site }) => `${metric}_${site}`)];
  const rows = data.rounds.map((round, index) => {
    const point = data.main[index];
    const figures = data.kind === "pooled" ? [point?.value, point?.bounds?.low, point?.bounds?.high] : [point?.value];
    return [String(round), ...figures.map(cell), ...data.sites.map(({ values }) => cell(values[index]))];
  });
  return [head, ...rows]
    .map((row) => row.join(","))
    .join("\n")
    .concat("\n");
}
