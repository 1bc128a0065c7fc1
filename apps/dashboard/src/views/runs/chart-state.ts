/** What the metric chart shows now, its columns and its scales. Colours are read from the page's tokens. */
import type { MetricName } from "@engraft/core/models/plan";
import { bestIndex, mainValues, type ChartData } from "./chart-data.ts";
import { smoothed } from "./smoothing.ts";
import type { ChartWords } from "./words/charts.ts";

export interface ChartState {
  readonly data: ChartData;
  readonly lines: readonly Line[];
  readonly zoom: readonly [number, number] | null;
  /** The site that stands out; the others fade. */
  readonly focused: number | null;
  readonly underWay: number | null;
  readonly smoothing: number;
  readonly log: boolean;
  /** Whether the names say the best value, and the best point is marked. */
  readonly best: boolean;
  readonly words: ChartWords;
}

/** Eight marks can be told apart; with more sites a band stands for them, and the one that is pointed at. */
export const MOST_LINES = 8;
export const hasBand = ({ sites }: ChartData): boolean => sites.length > MOST_LINES;

export const FADED = 0.35;
export const FAINT = 0.28;

export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const font = (weight: number, px: number): string => `${weight} ${px}px ${getComputedStyle(document.body).fontFamily}`;

export interface Line {
  /** The site's place in the run; -1 of the main line. */
  readonly slot: number;
  readonly name: string;
  readonly raw: readonly (number | null)[];
  /** What is drawn: the raw values, or those smoothed. */
  readonly values: readonly (number | null)[];
  /** Index of the best raw value; -1 where there is none. */
  readonly best: number;
}

/** Each site's line, then the main one: last, so that it lies on top. */
export function linesOf(data: ChartData, metric: MetricName, smoothing: number, words: ChartWords): readonly Line[] {
  const all = [
    ...data.sites.map(({ site, slot, values }) => ({ slot, name: site, raw: values })),
    { slot: -1, name: words.main[data.kind].line, raw: mainValues(data) },
  ];
  return all.map((line) => ({
    ...line,
    values: smoothing === 0 ? line.raw : smoothed(line.raw, smoothing),
    best: bestIndex(line.raw, metric),
  }));
}

/** One stroke of uPlot's: a line, its raw values under a smoothed one, or the ground that lifts the main line off the others. */
interface Stroke {
  readonly line: Line;
  readonly kind: "raw" | "halo" | "line";
}

export function strokesOf({ lines, smoothing }: Pick<ChartState, "lines" | "smoothing">): readonly Stroke[] {
  const raw = smoothing === 0 ? [] : lines.map((line): Stroke => ({ line, kind: "raw" }));
  return [
    ...raw,
    ...lines.flatMap((line): Stroke[] => [...(line.slot === -1 ? [{ line, kind: "halo" } as const] : []), { line, kind: "line" }]),
  ];
}

/** How bright a line is: a site that is not pointed at fades, and is hidden where a band stands for all. */
export function brightness({ data, focused }: ChartState, slot: number): number {
  if (focused === slot) return 1;
  if (slot !== -1 && hasBand(data)) return 0;
  return focused === null ? 1 : FADED;
}

export const xRange = ({ data, zoom }: Pick<ChartState, "data" | "zoom">): [number, number] =>
  zoom === null ? [0, data.horizon] : [zoom[0], zoom[1]];

/** Around the values in view; never forced to zero, so that small differences can be seen. */
export function yRange(state: ChartState): [number, number] {
  const [from, to] = xRange(state);
  const { data, log } = state;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (value: number | null | undefined): void => {
    if (value === null || value === undefined) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const [index, round] of data.rounds.entries()) {
    if (round < from - 1 || round > to + 1) continue;
    const point = data.main[index];
    take(point?.value);
    take(point?.bounds?.low);
    take(point?.bounds?.high);
    for (const { values } of data.sites) take(values[index]);
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log) return [low / 1.1, high * 1.1];
  const room = Math.max((high - low) * 0.1, 0.005);
  return [low - room, high + room];
}

const STEPS = [1, 2, 2.5, 5, 10] as const;

/** Places of the grid's lines: even steps, on a logarithmic axis steps of 1, 2 and 5 where it spans more than a factor of five. */
export function splitsOf(low: number, high: number, log: boolean, most: number): number[] {
  if (log && high / low > 5) {
    const first = Math.floor(Math.log10(low));
    const last = Math.ceil(Math.log10(high));
    return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
      .flatMap((power) => [power, 2 * power, 5 * power])
      .filter((value) => value >= low && value <= high);
  }
  const rough = (high - low) / Math.max(2, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (STEPS.find((factor) => factor * power >= rough) ?? 10);
  const from = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - from + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => Number(((from + index) * step).toPrecision(12)));
}

/** With as many places as neighbours need to differ. */
export function axisText(value: number, all: readonly number[]): string {
  const gaps = all.slice(1).map((next, index) => next - (all[index] ?? 0));
  const step = Math.min(...gaps, 1);
  const places = step >= 1 ? 1 : Math.min(4, Math.max(2, Math.ceil(-Math.log10(step) - 1e-9)));
  return value.toFixed(places).replace("-", "−");
}
