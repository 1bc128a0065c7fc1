/** Names and raw values at the right of the metric chart, moved apart where lines end close together, each with a leader to its line. */
import type uPlot from "uplot";
import { metricText } from "../../parts/figures.ts";
import { markOf } from "../../parts/site-key.tsx";
import { brightness, font, hasBand, token, type ChartState } from "./chart-state.ts";

const NARROW_PX = 480;
const GAP_PX = 15;

/** Room for names at the line ends, CSS pixels. */
export const labelsWidth = (plot: uPlot): number => (plot.width < NARROW_PX ? 88 : 116);

interface Label {
  readonly slot: number;
  readonly name: string;
  readonly value: number;
  readonly x: number;
  readonly y: number;
  /** Where its text stands. */
  readonly at: number;
}

function labelsOf(plot: uPlot, state: ChartState): readonly Label[] {
  const { data, zoom, words } = state;
  const narrow = plot.width < NARROW_PX;
  const end = data.rounds.findLastIndex((round) => zoom === null || round <= zoom[1] + 1e-9);
  const labels = state.lines.flatMap(({ slot, name, raw, values, best }) => {
    const last = raw.slice(0, end + 1).findLastIndex((value) => value !== null);
    const index = state.best && best >= 0 ? best : last;
    const value = raw[index];
    const drawn = values[last];
    if (value === null || value === undefined || drawn === null || drawn === undefined || brightness(state, slot) === 0) return [];
    const y = plot.valToPos(drawn, "y", true);
    const said = slot === -1 && narrow ? words.main[data.kind].short : name;
    return [{ slot, name: said, value, x: plot.valToPos(data.rounds[last] ?? 0, "x", true), y, at: y }];
  });
  return apart(
    labels.toSorted((a, b) => a.y - b.y),
    plot.bbox.top,
    plot.bbox.top + plot.bbox.height,
    GAP_PX * devicePixelRatio,
  );
}

/** Pushed down to keep the gap, and back up from the bottom edge. */
function apart(labels: readonly Label[], top: number, bottom: number, gap: number): readonly Label[] {
  let above = top - gap;
  const down = labels.map((label) => ({ ...label, at: (above = Math.max(label.y, above + gap)) }));
  let below = bottom + gap;
  return down.toReversed().map((label) => ({ ...label, at: (below = Math.min(label.at, below - gap)) }));
}

export function drawNames(plot: uPlot, state: ChartState): void {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const { left, width } = plot.bbox;
  const edge = left + width;
  ctx.save();
  ctx.textBaseline = "middle";
  for (const { slot, name, value, x, y, at } of labelsOf(plot, state)) {
    ctx.globalAlpha = brightness(state, slot);
    ctx.strokeStyle = token(slot === -1 ? "--text" : markOf(slot).color);
    ctx.lineWidth = 0.75 * scale;
    ctx.beginPath();
    ctx.moveTo(Math.max(left, Math.min(x, edge)) + 5 * scale, y);
    ctx.lineTo(edge + 6 * scale, at);
    ctx.stroke();
    ctx.fillStyle = token("--text");
    ctx.font = font(slot === -1 ? 600 : 400, 11 * scale);
    ctx.textAlign = "left";
    ctx.fillText(shortName(name, plot.width < NARROW_PX ? 7 : 11), edge + 9 * scale, at);
    ctx.textAlign = "right";
    ctx.fillText(metricText(value), edge + (labelsWidth(plot) - 2) * scale, at);
  }
  ctx.restore();
}

const shortName = (name: string, most: number): string => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

/** The range of all sites, where they are too many for a line each. */
export function drawSpread(plot: uPlot, { data }: ChartState): void {
  if (!hasBand(data)) return;
  const spans = data.rounds.flatMap((round, index) => {
    const there = data.sites.flatMap(({ values }) => values[index] ?? []);
    return there.length === 0 ? [] : [{ round, low: Math.min(...there), high: Math.max(...there) }];
  });
  drawBand(plot, spans, token("--text-3"), 0.2);
}

export function drawBand(
  plot: uPlot,
  spans: readonly { readonly round: number; readonly low: number; readonly high: number }[],
  color: string,
  alpha: number,
): void {
  const [first] = spans;
  if (first === undefined) return;
  const at = (round: number, value: number): [number, number] => [plot.valToPos(round, "x", true), plot.valToPos(value, "y", true)];
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = alpha;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(...at(first.round, first.low));
  for (const { round, high } of spans) ctx.lineTo(...at(round, high));
  for (const { round, low } of spans.toReversed()) ctx.lineTo(...at(round, low));
  // A canvas is filled here, no array.
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type
  ctx.fill();
  ctx.restore();
}
