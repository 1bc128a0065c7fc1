"use client";
/** The metric's course, on a canvas (uPlot). New points never move what the reader has zoomed to. */
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { MarkSample, markOf } from "../../parts/site-key.tsx";
import { metricText } from "../../parts/figures.ts";
import { boundsText } from "./secure/pooled.ts";
import { chartOptions, toColumns, type ChartState } from "./chart-drawing.ts";
import { MAIN_NAMES, roundName, stepZoom, type ChartData } from "./chart-data.ts";

interface MetricChartProps {
  readonly data: ChartData;
  readonly title: string;
  readonly sentence: string;
  /** First and last round in view; null shows all. */
  readonly zoom: readonly [number, number] | null;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
  /** The site that stands out; the others fade. */
  readonly focused: number | null;
  /** Round under way, drawn as a line; null where none is. */
  readonly underWay: number | null;
}

const HEIGHT = 300;

export function MetricChart({ data, title, sentence, zoom, onZoom, focused, underWay }: MetricChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const state = useRef<ChartState>({ data, zoom, focused, underWay });
  state.current = { data, zoom, focused, underWay };
  const [cursor, setCursor] = useState<{ readonly index: number; readonly left: number } | null>(null);
  const zoomed = useEffectEvent(onZoom);
  const sites = data.sites.map((site) => site.site).join(" ");

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const draw = new uPlot(
      chartOptions(() => state.current, element.clientWidth, HEIGHT, {
        onCursor: (index, left) => setCursor(index === null ? null : { index, left }),
        onZoom: (range) => zoomed(range),
      }),
      toColumns(state.current.data),
      element,
    );
    plot.current = draw;
    const sized = new ResizeObserver(() => draw.setSize({ width: element.clientWidth, height: HEIGHT }));
    sized.observe(element);
    const themed = new MutationObserver(() => draw.redraw());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      draw.destroy();
      plot.current = null;
    };
  }, [sites]);

  // The ranges come from `state`, so that data, zoom and faded sites are one redraw.
  useEffect(() => plot.current?.setData(toColumns(data)), [data, zoom, focused, underWay]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const around = cursor === null ? undefined : data.rounds[cursor.index];
    if (event.key === "+" || event.key === "-") onZoom(stepZoom(data, zoom, event.key === "+" ? "in" : "out", around));
    if (event.key === "0") onZoom(null);
    const now = cursor?.index ?? data.rounds.length;
    const at = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: data.rounds.length - 1 }[event.key];
    if (at === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(data.rounds.length - 1, at));
    const left = plot.current?.valToPos(data.rounds[index] ?? 0, "x") ?? 0;
    plot.current?.setCursor({ left, top: 40 });
  };

  return (
    <div className="chart" tabIndex={0} role="img" aria-label={sentence} onKeyDown={onKeyDown}>
      <div ref={box} style={{ height: HEIGHT }} />
      {cursor !== null && data.rounds[cursor.index] !== undefined && (
        <Tip data={data} title={title} index={cursor.index} left={cursor.left} width={box.current?.clientWidth ?? 600} />
      )}
    </div>
  );
}

function Tip({
  data,
  title,
  index,
  left,
  width,
}: {
  readonly data: ChartData;
  readonly title: string;
  readonly index: number;
  readonly left: number;
  readonly width: number;
}) {
  const main = data.main[index] ?? null;
  const bounds = main === null || main.bounds === null ? undefined : boundsText(main.bounds);
  const rows = data.sites.flatMap(({ site, slot, values }) => {
    const value = values[index] ?? null;
    return value === null ? [] : [{ site, slot, value }];
  });
  const onLeft = left > width / 2;
  return (
    <div className="tip" aria-hidden style={{ bottom: 44, ...(onLeft ? { right: width - left - 36 } : { left: left + 64 }) }}>
      <div className="mb-1 flex justify-between gap-3 font-medium">
        <span>{data.rounds[index] === 0 ? "Start" : `After round ${roundName(data.rounds[index] ?? 0)}`}</span>
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
            <dt>{MAIN_NAMES[data.kind].line}</dt>
            <dd>{metricText(main.value)}</dd>
          </div>
        )}
      </dl>
      {bounds !== undefined && <p className="text-fg-2">exact: {bounds}</p>}
    </div>
  );
}
