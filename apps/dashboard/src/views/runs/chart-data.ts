/** The curve as columns for the chart, its table and its sentence. */
import { goodness } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { csvText } from "../../parts/csv.ts";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { bestOf, mainCurve, type MainPoint } from "./main-curve.ts";
import { boundsText, isSecure } from "./secure/pooled.ts";
import { pointsAt } from "./site-points.ts";
import type { ChartWords } from "./words/charts.ts";

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
  const mainAt = new Map(points.map((point) => [point.round, point]));
  const horizon = view.end === null ? Math.min(plannedRounds, Math.max(4, newest + 2)) : Math.max(1, newest);
  return {
    rounds,
    kind: isSecure(view) ? "pooled" : "mean",
    main: rounds.map((round) => mainAt.get(round) ?? null),
    sites: sitesIn(view, metric, rounds),
    horizon,
  };
}

/** Sites that show no figures of their own under secure aggregation are in the sum alone, and get no line. */
function sitesIn(view: RunView, metric: MetricName, rounds: readonly number[]): ChartData["sites"] {
  const known = new Map(view.curve.map((point) => [point.round, pointsAt(point, metric)]));
  const at = rounds.map((round) => known.get(round));
  const sites = view.sites.map((site, slot) => ({ site, slot, values: at.map((points) => points?.get(site)?.value ?? null) }));
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

/** Values of the main line. */
export const mainValues = ({ main }: ChartData): readonly (number | null)[] => main.map((point) => point?.value ?? null);

/** A logarithmic axis has no place for zero and less; on one of ratios or scores it would say nothing. */
export const allowsLog = (data: ChartData, metric: MetricName): boolean =>
  LOG_METRICS.has(metric) &&
  [...mainValues(data), ...data.sites.flatMap(({ values }) => values)].every((value) => value === null || value > 0);

const LOG_METRICS: ReadonlySet<MetricName> = new Set(["loss", "mae", "rmse"]);

/** Index of the best value, the first of equal ones; -1 where there is none. */
export function bestIndex(values: readonly (number | null)[], metric: MetricName): number {
  let best = -1;
  for (const [index, value] of values.entries()) {
    const before = values[best] ?? null;
    if (value !== null && (before === null || goodness(metric, value) > goodness(metric, before))) best = index;
  }
  return best;
}

/** What the chart shows, as a sentence. */
export function chartSentence(data: ChartData, metric: MetricName, words: ChartWords): string {
  const known = data.main.filter((point) => point !== null);
  const [first, last, best] = [known[0], known.at(-1), bestOf(known, metric)];
  const newest = data.rounds.at(-1);
  // What is being measured now: figures of the sites that have answered, before there is one over all.
  const coming = newest === undefined || newest === last?.round ? "" : ` ${words.soFar(newest, sitesAt(data, data.rounds.length - 1))}`;
  const title = METRIC_TITLES[metric];
  if (first === undefined || last === undefined || best === undefined) return `${words.noneYet(title, data.kind)}${coming}`;
  const bounds = last.bounds === null ? undefined : boundsText(last.bounds, words.exactThere);
  const exact = bounds === undefined ? "" : ` ${bounds}`;
  const there = sitesAt(data, data.rounds.indexOf(last.round));
  const course = words.course(
    title,
    data.kind,
    [first, last, best].map(({ round, value }) => ({ round, text: metricText(value) })),
  );
  return `${course}${exact}${there === "" ? "" : ` ${words.there(there)}`}${coming}`;
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
  const main = data.kind === "pooled" ? [`${metric}_pooled`, `${metric}_pooled_low`, `${metric}_pooled_high`] : [`${metric}_weighted_mean`];
  const head = ["round", ...main, ...data.sites.map(({ site }) => `${metric}_${site}`)];
  const rows = data.rounds.map((round, index) => {
    const point = data.main[index];
    const figures = data.kind === "pooled" ? [point?.value, point?.bounds?.low, point?.bounds?.high] : [point?.value];
    return [round, ...figures, ...data.sites.map(({ values }) => values[index])];
  });
  return csvText([head, ...rows]);
}
