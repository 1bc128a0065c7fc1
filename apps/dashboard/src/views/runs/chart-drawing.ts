/** How the metric chart is drawn: axes, lines, marks, the round under way. */
import type uPlot from "uplot";
import { markOf, shapePath } from "../../parts/site-key.tsx";
import { drawBand, drawNames, drawSpread, labelsWidth } from "./chart-names.ts";
import {
  axisText,
  brightness,
  FAINT,
  font,
  splitsOf,
  strokesOf,
  token,
  xRange,
  yRange,
  type ChartState,
  type Line,
} from "./chart-state.ts";

interface ChartEvents {
  readonly onCursor: (index: number | null) => void;
  readonly onZoom: (range: readonly [number, number]) => void;
}

const MIN_DRAG_PX = 8;
/** Below this many pixels between two rounds only a line's last and best point are marked. */
const MARKS_PX = 14;

export const toColumns = (state: ChartState): uPlot.AlignedData => [
  [...state.data.rounds],
  ...strokesOf(state).map(({ line, kind }) => [...(kind === "raw" ? line.raw : line.values)]),
];

/** What makes another chart of it, not only other values. */
export const shapeOf = ({ data, smoothing, log, words }: ChartState): string =>
  [data.kind, smoothing > 0, log, words.start, ...data.sites.map(({ site }) => site)].join(" ");

export function chartOptions(state: () => ChartState, width: number, height: number, events: ChartEvents): uPlot.Options {
  const { log } = state();
  return {
    width,
    height,
    padding: [10, labelsWidth, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    // 3: logarithmic; the library's own name for it is an enum of its types alone.
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
    scales: { x: { time: false, range: () => xRange(state()) }, y: { ...(log && { distr: 3 as const }), range: () => yRange(state()) } },
    axes: axesOf(state),
    series: [{}, ...strokesOf(state()).map(seriesOf)],
    hooks: {
      drawClear: [(plot) => fade(plot, state())],
      drawAxes: [(plot) => drawComing(plot, state()), (plot) => drawSpread(plot, state()), (plot) => drawBounds(plot, state())],
      draw: [(plot) => drawMarks(plot, state()), (plot) => drawNames(plot, state())],
      // Data that comes in sets the cursor as well: only a mouse that is there counts.
      setCursor: [(plot) => plot.over.matches(":hover") && events.onCursor(plot.cursor.idx ?? null)],
      ready: [(plot) => plot.over.addEventListener("mouseleave", () => events.onCursor(null))],
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

function axesOf(state: () => ChartState): uPlot.Axis[] {
  const axis = {
    stroke: () => token("--text-3"),
    font: font(400, 11),
    grid: { stroke: () => token("--grid"), width: 1 },
    ticks: { show: false },
  };
  const { words } = state();
  return [
    {
      ...axis,
      size: 28,
      grid: { show: false },
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      values: (_plot, rounds) => rounds.map((round) => (Number.isInteger(round) ? (round === 0 ? words.start : String(round)) : "")),
      space: 44,
    },
    {
      ...axis,
      size: 48,
      splits: (plot, _axis, low, high) => splitsOf(low, high, state().log, plot.height / 44),
      filter: (_plot, splits) => splits,
      values: (_plot, values) => values.map((value) => axisText(value, values)),
    },
  ];
}

const WIDTHS = { raw: 1, halo: 6, line: 1.75 } as const;

function seriesOf({ line: { slot }, kind }: ReturnType<typeof strokesOf>[number]): uPlot.Series {
  const mark = markOf(slot);
  const main = slot === -1;
  return {
    stroke: () => token(kind === "halo" ? "--surface" : main ? "--text" : mark.color),
    width: main && kind === "line" ? 2.75 : WIDTHS[kind],
    ...(!main && kind === "line" && { dash: [...mark.dash] }),
    points: { show: false },
    spanGaps: true,
  };
}

function fade(plot: uPlot, state: ChartState): void {
  for (const [index, { line, kind }] of strokesOf(state).entries()) {
    const series = plot.series[index + 1];
    if (series === undefined) continue;
    series.alpha = brightness(state, line.slot) * (kind === "raw" ? FAINT : 1);
    // No path is made of a line that a band stands for.
    series.show = series.alpha > 0;
  }
}

/** The part still to come is hatched; the round under way has its line and its name. */
function drawComing(plot: uPlot, { underWay, words }: ChartState): void {
  if (underWay === null) return;
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const { left, top, width, height } = plot.bbox;
  const at = Math.max(left, plot.valToPos(underWay, "x", true));
  if (at >= left + width) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(at, top, left + width - at, height);
  ctx.clip();
  ctx.strokeStyle = token("--grid");
  ctx.lineWidth = scale;
  ctx.beginPath();
  for (let x = at - height; x < left + width; x += 7 * scale) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
  ctx.save();
  ctx.strokeStyle = token("--text-2");
  ctx.setLineDash([2 * scale, 3 * scale]);
  ctx.lineWidth = 1.5 * scale;
  ctx.beginPath();
  ctx.moveTo(at, top);
  ctx.lineTo(at, top + height);
  ctx.stroke();
  ctx.font = font(400, 11 * scale);
  ctx.fillStyle = token("--text-2");
  ctx.textAlign = at - left > 110 * scale ? "right" : "left";
  ctx.fillText(words.underWay(underWay), at + (ctx.textAlign === "right" ? -6 : 6) * scale, top + height - 8 * scale);
  ctx.restore();
}

/** The band between the bounds of a pooled figure. */
function drawBounds(plot: uPlot, { data }: ChartState): void {
  const known = data.main.flatMap((point) => (point === null || point.bounds === null ? [] : [{ round: point.round, ...point.bounds }]));
  drawBand(plot, known, token("--text"), 0.14);
}

/** Point shapes; dense curves show the last point and the best one. The best one has a ring. */
function drawMarks(plot: uPlot, state: ChartState): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const perPoint = bbox.width / scale / Math.max(1, (plot.scales["x"]?.max ?? 1) - (plot.scales["x"]?.min ?? 0));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 6 * scale, bbox.top - 6 * scale, bbox.width + 12 * scale, bbox.height + 12 * scale);
  ctx.clip();
  for (const line of state.lines) {
    ctx.globalAlpha = brightness(state, line.slot);
    if (ctx.globalAlpha > 0) markLine(plot, state, line, perPoint);
  }
  ctx.restore();
}

function markLine(plot: uPlot, { data, best: showsBest }: ChartState, { slot, values, best }: Line, perPoint: number): void {
  const { ctx } = plot;
  const main = slot === -1;
  const { shape, color } = markOf(main ? 0 : slot);
  const last = values.findLastIndex((value) => value !== null);
  const ink = token(main ? "--text" : color);
  for (const [index, value] of values.entries()) {
    const round = data.rounds[index];
    const isBest = showsBest && index === best;
    if (value === null || round === undefined || (perPoint < MARKS_PX && index !== last && !isBest)) continue;
    const outline = new Path2D(shapePath(main ? "circle" : shape, isBest ? 5 : main ? 3.4 : 3.2));
    ctx.save();
    ctx.translate(plot.valToPos(round, "x", true), plot.valToPos(value, "y", true));
    ctx.scale(devicePixelRatio, devicePixelRatio);
    ctx.fillStyle = isBest ? token("--surface") : ink;
    ctx.strokeStyle = ink;
    ctx.lineWidth = 2;
    // A canvas is filled here, no array.
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type
    ctx.fill(outline);
    if (isBest) ctx.stroke(outline);
    ctx.restore();
  }
}
