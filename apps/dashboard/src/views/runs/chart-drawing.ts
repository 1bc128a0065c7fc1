/** How the metric chart is drawn: scales, lines, marks, names at the line ends. Colours are read from the page's tokens. */
import type uPlot from "uplot";
import { markOf, shapePath } from "../../parts/site-key.tsx";
import { metricText } from "../../parts/figures.ts";
import type { MainPoint } from "./main-curve.ts";
import { MAIN_NAMES, roundName, type ChartData } from "./chart-data.ts";

export interface ChartState {
  readonly data: ChartData;
  readonly zoom: readonly [number, number] | null;
  readonly focused: number | null;
  readonly underWay: number | null;
}

interface ChartEvents {
  readonly onCursor: (index: number | null, left: number) => void;
  readonly onZoom: (range: readonly [number, number]) => void;
}

const NARROW_PX = 480;
/** Room for names at the line ends, CSS pixels. */
const labelsWidth = (plot: uPlot): number => (plot.width < NARROW_PX ? 88 : 116);
const MIN_DRAG_PX = 8;
const FADED = 0.25;

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = (weight: number, px: number): string => `${weight} ${px}px ${getComputedStyle(document.body).fontFamily}`;

/** x, one column for each site, then the main line: last, so that it lies on top. */
export const toColumns = (data: ChartData): uPlot.AlignedData => [
  [...data.rounds],
  ...data.sites.map(({ values }) => [...values]),
  data.main.map((point) => point?.value ?? null),
];

export function chartOptions(state: () => ChartState, width: number, height: number, events: ChartEvents): uPlot.Options {
  const { sites } = state().data;
  const axis = {
    stroke: () => token("--text-3"),
    font: font(400, 11),
    grid: { stroke: () => token("--grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [10, labelsWidth, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false, range: () => xRange(state()) }, y: { range: () => yRange(state()) } },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        values: (_plot, rounds) => rounds.map((round) => (Number.isInteger(round) ? roundName(round) : "")),
        space: 44,
      },
      { ...axis, size: 48, space: 30, values: (_plot, values) => values.map((value) => metricAxisText(value, values)) },
    ],
    series: [
      {},
      ...sites.map(({ slot }): uPlot.Series => {
        const mark = markOf(slot);
        return { stroke: () => token(mark.color), width: 1.75, dash: [...mark.dash], points: { show: false }, spanGaps: true };
      }),
      { stroke: () => token("--text"), width: 2.75, points: { show: false }, spanGaps: true },
    ],
    hooks: {
      drawClear: [(plot) => fade(plot, state())],
      drawAxes: [(plot) => drawComing(plot, state()), (plot) => drawBounds(plot, state())],
      drawSeries: [(plot, series) => drawMarks(plot, series, state())],
      draw: [(plot) => drawNames(plot, state())],
      setCursor: [(plot) => events.onCursor(plot.cursor.idx ?? null, plot.cursor.left ?? 0)],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged < MIN_DRAG_PX) return;
          events.onZoom([plot.posToVal(left, "x"), plot.posToVal(left + dragged, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

const xRange = ({ data, zoom }: ChartState): [number, number] => (zoom === null ? [0, data.horizon] : [zoom[0], zoom[1]]);

/** Around the values in view; never forced to zero, so that small differences can be seen. */
function yRange(state: ChartState): [number, number] {
  const [from, to] = xRange(state);
  const { data } = state;
  const seen = data.rounds
    .flatMap((round, index) =>
      round < from - 1 || round > to + 1 ? [] : [...mainValues(data.main[index]), ...data.sites.map(({ values }) => values[index] ?? null)],
    )
    .filter((value) => value !== null);
  if (seen.length === 0) return [0, 1];
  const low = Math.min(...seen);
  const high = Math.max(...seen);
  const room = Math.max((high - low) * 0.1, 0.005);
  return [low - room, high + room];
}

const mainValues = (point: MainPoint | null | undefined): readonly number[] =>
  point === null || point === undefined ? [] : [point.value, point.bounds?.low ?? point.value, point.bounds?.high ?? point.value];

function metricAxisText(value: number, all: readonly number[]): string {
  const step = Math.abs((all[1] ?? 0) - (all[0] ?? 0));
  return value.toFixed(step >= 0.01 ? 2 : step >= 0.001 ? 3 : 4).replace("-", "−");
}

function fade(plot: uPlot, { data, focused }: ChartState): void {
  for (const [index, series] of plot.series.entries())
    series.alpha = index === 0 || focused === null || data.sites[index - 1]?.slot === focused ? 1 : FADED;
}

/** The part still to come is hatched; the round under way has its line. */
function drawComing(plot: uPlot, { underWay }: ChartState): void {
  if (underWay === null) return;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const at = Math.max(left, plot.valToPos(underWay, "x", true));
  if (at >= left + width) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(at, top, left + width - at, height);
  ctx.clip();
  ctx.strokeStyle = token("--grid");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = at - height; x < left + width; x += 7 * devicePixelRatio) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
  ctx.save();
  ctx.strokeStyle = token("--text-2");
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(at, top);
  ctx.lineTo(at, top + height);
  ctx.stroke();
  ctx.restore();
}

/** The band between the bounds of a pooled figure. */
function drawBounds(plot: uPlot, { data }: ChartState): void {
  const known = data.main.flatMap((point) => (point === null || point.bounds === null ? [] : [{ round: point.round, ...point.bounds }]));
  const at = (round: number, value: number): [number, number] => [plot.valToPos(round, "x", true), plot.valToPos(value, "y", true)];
  const [first] = known;
  if (first === undefined) return;
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = token("--text");
  ctx.beginPath();
  ctx.moveTo(...at(first.round, first.low));
  for (const { round, high } of known) ctx.lineTo(...at(round, high));
  for (const { round, low } of known.toReversed()) ctx.lineTo(...at(round, low));
  ctx.fill();
  ctx.restore();
}

/** Point shapes; dense curves show the last point only. `series` counts from 1; the one after the sites is the mean. */
function drawMarks(plot: uPlot, series: number, { data, focused }: ChartState): void {
  const mean = series === data.sites.length + 1;
  const site = data.sites[series - 1];
  const values = mean ? data.main.map((point) => point?.value ?? null) : site?.values;
  if (values === undefined || (!mean && site === undefined)) return;
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const perPoint = plot.bbox.width / scale / Math.max(1, (plot.scales.x?.max ?? 1) - (plot.scales.x?.min ?? 0));
  const mark = markOf(site?.slot ?? 0);
  const shape = new Path2D(shapePath(mean ? "circle" : mark.shape, mean ? 3.4 : 3.2));
  const lastKnown = values.findLastIndex((value) => value !== null);
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left - 6 * scale, plot.bbox.top - 6 * scale, plot.bbox.width + 12 * scale, plot.bbox.height + 12 * scale);
  ctx.clip();
  ctx.globalAlpha = focused !== null && focused !== site?.slot ? FADED : 1;
  ctx.fillStyle = token(mean ? "--text" : mark.color);
  for (const [index, value] of values.entries()) {
    const round = data.rounds[index];
    if (value === null || round === undefined || (perPoint < 14 && index !== lastKnown)) continue;
    ctx.save();
    ctx.translate(plot.valToPos(round, "x", true), plot.valToPos(value, "y", true));
    ctx.scale(scale, scale);
    // A canvas is filled here, no array.
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type
    ctx.fill(shape);
    ctx.restore();
  }
  ctx.restore();
}

/** Names and raw values at the right, moved apart where lines end close together, with a leader to the line's end. */
function drawNames(plot: uPlot, { data, focused, zoom }: ChartState): void {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const gap = 15 * scale;
  const end = data.rounds.findLastIndex((round) => zoom === null || round <= zoom[1] + 1e-9);
  const lines = [
    ...data.sites.map(({ site, slot, values }) => ({ name: site, slot, values, color: markOf(slot).color })),
    {
      name: MAIN_NAMES[data.kind][plot.width < NARROW_PX ? "short" : "line"],
      slot: -1,
      values: data.main.map((point) => point?.value ?? null),
      color: "--text",
    },
  ];
  const labels = lines.flatMap(({ name, slot, values, color }) => {
    const index = values.slice(0, end + 1).findLastIndex((value) => value !== null);
    const value = values[index];
    if (value === null || value === undefined) return [];
    const y = plot.valToPos(value, "y", true);
    return [{ name, slot, color, value, x: plot.valToPos(data.rounds[index] ?? 0, "x", true), y, at: y }];
  });
  labels.sort((a, b) => a.y - b.y);
  const { left, top, width, height } = plot.bbox;
  for (const [index, label] of labels.entries()) label.at = Math.max(label.y, index === 0 ? top : (labels[index - 1]?.at ?? 0) + gap);
  const over = (labels.at(-1)?.at ?? 0) - (top + height);
  if (over > 0)
    for (const label of labels.toReversed())
      label.at = Math.min(label.at, top + height - gap * (labels.length - 1 - labels.indexOf(label)));
  ctx.save();
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const label of labels) {
    const strong = label.slot === -1;
    ctx.globalAlpha = focused !== null && focused !== label.slot ? FADED : 1;
    ctx.strokeStyle = token(label.color);
    ctx.lineWidth = 0.75 * scale;
    ctx.beginPath();
    ctx.moveTo(Math.max(left, Math.min(label.x, left + width)) + 5 * scale, label.y);
    ctx.lineTo(left + width + 6 * scale, label.at);
    ctx.stroke();
    ctx.fillStyle = token("--text");
    ctx.font = font(strong ? 600 : 400, 11 * scale);
    ctx.fillText(shortName(label.name, plot.width < NARROW_PX ? 7 : 11), left + width + 9 * scale, label.at);
    ctx.textAlign = "right";
    ctx.fillText(metricText(label.value), left + width + (labelsWidth(plot) - 2) * scale, label.at);
    ctx.textAlign = "left";
  }
  ctx.restore();
}

const shortName = (name: string, most: number): string => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
