"use client";
/** The metric's course, on a canvas (uPlot). New points never move what the reader has zoomed to. */
import type { MetricName } from "@engraft/core/models/plan";
import { useEffect, useEffectEvent, useMemo, useRef, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { MarkSample, markOf } from "../../parts/site-key.tsx";
import { metricText } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { chartOptions, shapeOf, toColumns } from "./chart-drawing.ts";
import { stepZoom, type ChartData } from "./chart-data.ts";
import { linesOf, type ChartState } from "./chart-state.ts";
import { moveRound, pointAt, pointed, usePointedRound, usePointedSlot, watchPointed } from "./pointed.ts";
import { boundsText } from "./secure/pooled.ts";
import { CHART_WORDS } from "./words/charts.ts";

interface MetricChartProps {
  readonly data: ChartData;
  readonly metric: MetricName;
  readonly title: string;
  readonly sentence: string;
  /** First and last round in view; null shows all. */
  readonly zoom: readonly [number, number] | null;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
  /** Round under way, drawn as a line; null where none is. */
  readonly underWay: number | null;
  readonly smoothing: number;
  readonly log: boolean;
  readonly best: boolean;
}

const HEIGHT = 300;

export function MetricChart({ data, metric, title, sentence, zoom, onZoom, underWay, smoothing, log, best }: MetricChartProps) {
  const words = useWords(CHART_WORDS);
  const focused = usePointedSlot();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const lines = useMemo(() => linesOf(data, metric, smoothing, words), [data, metric, smoothing, words]);
  const state: ChartState = { data, lines, zoom, focused, underWay, smoothing, log, best, words };
  const latest = useRef(state);
  latest.current = state;
  const zoomed = useEffectEvent(onZoom);
  const shape = shapeOf(state);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const draw = new uPlot(
      chartOptions(() => latest.current, element.clientWidth, HEIGHT, {
        onCursor: (index) => pointAt({ round: index === null ? null : (latest.current.data.rounds[index] ?? null) }),
        onZoom: (range) => zoomed(range),
      }),
      toColumns(latest.current),
      element,
    );
    plot.current = draw;
    const sized = new ResizeObserver(() => draw.setSize({ width: element.clientWidth, height: HEIGHT }));
    sized.observe(element);
    const themed = new MutationObserver(() => draw.redraw());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const unwatch = watchPointed(() => followPointed(draw, latest.current.data));
    return () => {
      unwatch();
      sized.disconnect();
      themed.disconnect();
      draw.destroy();
      plot.current = null;
    };
  }, [shape]);

  // The ranges come from `latest`, so that data, zoom and faded sites are one redraw.
  useEffect(() => {
    plot.current?.setData(toColumns(latest.current));
    if (plot.current !== null) followPointed(plot.current, latest.current.data);
  }, [data, lines, zoom, focused, underWay, best]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const { round } = pointed();
    if (event.key === "+" || event.key === "-") onZoom(stepZoom(data, zoom, event.key === "+" ? "in" : "out", round ?? undefined));
    if (event.key === "0") onZoom(null);
    moveRound(event, data.rounds);
  };

  return (
    <div className="chart" tabIndex={0} role="img" aria-label={sentence} onKeyDown={onKeyDown} onBlur={() => pointAt({ round: null })}>
      <div ref={box} style={{ height: HEIGHT }} />
      <Tip data={data} title={title} plot={plot} />
    </div>
  );
}

/** The crosshair stands where somebody points, in whichever chart that is. uPlot itself tells of the mouse over it. */
function followPointed(plot: uPlot, data: ChartData): void {
  const { round } = pointed();
  if (round === null) {
    if ((plot.cursor.left ?? -1) >= 0) plot.setCursor({ left: -10, top: -10 }, false);
    return;
  }
  const there = plot.cursor.idx;
  if (there !== null && there !== undefined && data.rounds[there] === round && (plot.cursor.left ?? -1) >= 0) return;
  plot.setCursor({ left: plot.valToPos(round, "x"), top: 40 }, false);
}

interface TipProps {
  readonly data: ChartData;
  readonly title: string;
  readonly plot: { readonly current: uPlot | null };
}

/** Raw values at the crosshair, sorted; on the side where there is more room. */
function Tip({ data, title, plot }: TipProps) {
  const words = useWords(CHART_WORDS);
  const round = usePointedRound();
  const index = round === null ? -1 : data.rounds.indexOf(round);
  if (round === null || index < 0 || plot.current === null) return null;
  const { width } = plot.current;
  const left = plot.current.valToPos(round, "x");
  const main = data.main[index] ?? null;
  const bounds = main === null || main.bounds === null ? undefined : boundsText(main.bounds, words.exact);
  const rows = data.sites.flatMap(({ site, slot, values }) => {
    const value = values[index] ?? null;
    return value === null ? [] : [{ site, slot, value }];
  });
  return (
    <div
      className="tip"
      aria-hidden
      style={{ bottom: 44, ...(left > width / 2 ? { right: Math.min(width - 160, width - left - 36) } : { left: Math.max(0, left) + 64 }) }}
    >
      <div className="mb-1 flex justify-between gap-3 font-medium">
        <span>{words.tipAt(round)}</span>
        <span className="text-fg-2">{title}</span>
      </div>
      <dl>
        {rows
          .toSorted((a, b) => b.value - a.value)
          .map(({ site, slot, value }) => (
            <div key={site} className="contents">
              <dt className="flex items-center gap-1.5">
                <MarkSample mark={markOf(slot)} />
                {site}
              </dt>
              <dd>{metricText(value)}</dd>
            </div>
          ))}
        {main !== null && (
          <div className="contents font-semibold">
            <dt>{words.main[data.kind].line}</dt>
            <dd>{metricText(main.value)}</dd>
          </div>
        )}
      </dl>
      {bounds !== undefined && <p className="text-fg-2">{bounds}</p>}
    </div>
  );
}
