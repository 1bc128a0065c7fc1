"use client";
/** Many runs' curves on one canvas (uPlot). Zoom and place stay while figures come in; every value is drawn. */
import { useEffect, useEffectEvent, useRef, type KeyboardEvent, type MouseEvent, type PointerEvent, type WheelEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { metricText } from "../../parts/figures.ts";
import { markOf } from "../../parts/site-key.tsx";
import { panned, zoomed, type Lines } from "./lines.ts";

interface LinesChartProps {
  readonly lines: Lines;
  readonly sentence: string;
  readonly log: boolean;
  readonly zoom: readonly [number, number] | null;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
  /** The run that stands out. */
  readonly focused: string | null;
  readonly onFocus: (run: string | null) => void;
  readonly height: number;
  /** Words of the first checkpoint, the base unchanged. */
  readonly start: string;
}

// What uPlot names Scale.Distr.Logarithmic: an enumeration of its types alone, which is not there when the page runs.
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale = { distr: 3, log: 10 };
const PAN_STEP = 0.2;
/** How near the pointer must come to a line to pick it, CSS pixels. */
const NEAR_PX = 14;

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function LinesChart(props: LinesChartProps) {
  const { lines, sentence, log, zoom, onZoom, focused, onFocus, height } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const state = useRef(props);
  state.current = props;
  const onZoomed = useEffectEvent(onZoom);
  const onFocused = useEffectEvent(onFocus);
  const runs = lines.lines.map(({ run, slot }) => `${run} ${slot}`).join(" ");
  const ends: readonly [number, number] = [lines.rounds[0] ?? 0, lines.rounds.at(-1) ?? 1];

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const drawn = new uPlot(
      optionsOf(() => state.current, element.clientWidth, onZoomed, onFocused),
      columnsOf(state.current.lines),
      element,
    );
    plot.current = drawn;
    const sized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: state.current.height }));
    sized.observe(element);
    const themed = new MutationObserver(() => drawn.redraw());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [runs, log]);
  useEffect(() => plot.current?.setData(columnsOf(lines)), [lines, zoom]);
  // Only what it looks like changes: the ranges stay.
  useEffect(() => plot.current?.redraw(false), [focused]);

  const moves = useMoves(zoom, onZoom, ends, () => (plot.current?.bbox.width ?? 1000) / devicePixelRatio);
  return (
    <div
      className="chart"
      tabIndex={0}
      role="img"
      aria-label={sentence}
      {...moves}
      onPointerLeave={() => {
        moves.onPointerUp();
        onFocus(null);
      }}
    >
      <div ref={box} style={{ height }} />
    </div>
  );
}

type Range = readonly [number, number];

/** By keyboard, wheel, or Shift and drag. Without Shift a drag is uPlot's, and zooms. */
function useMoves(zoom: Range | null, onZoom: (zoom: Range | null) => void, ends: Range, width: () => number) {
  const dragged = useRef<{ readonly x: number; readonly zoom: Range } | null>(null);
  const pan = (share: number): void => {
    if (zoom !== null) onZoom(panned(zoom, share, ends));
  };
  return {
    onKeyDown: (event: KeyboardEvent): void => {
      const act = {
        ArrowLeft: () => pan(-PAN_STEP),
        ArrowRight: () => pan(PAN_STEP),
        "+": () => onZoom(zoomed(zoom, 0.5, ends)),
        "-": () => onZoom(zoomed(zoom, 2, ends)),
        "0": () => onZoom(null),
      }[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    },
    onWheel: (event: WheelEvent): void => {
      const along = event.shiftKey ? event.deltaY : event.deltaX;
      if (along !== 0) pan(along / width());
    },
    onPointerDownCapture: (event: PointerEvent): void => {
      if (!event.shiftKey || zoom === null) return;
      dragged.current = { x: event.clientX, zoom };
      event.stopPropagation();
    },
    // uPlot listens to the mouse: it must not begin a zoom as well.
    onMouseDownCapture: (event: MouseEvent): void => {
      if (event.shiftKey) event.stopPropagation();
    },
    onPointerMove: (event: PointerEvent): void => {
      const from = dragged.current;
      if (from !== null) onZoom(panned(from.zoom, (from.x - event.clientX) / width(), ends));
    },
    onPointerUp: (): void => {
      dragged.current = null;
    },
  };
}

const columnsOf = ({ rounds, lines }: Lines): uPlot.AlignedData => [[...rounds], ...inOrder(lines).map(({ values }) => [...values])];

/** Grey ones first, so that coloured ones lie on top. */
const inOrder = (lines: Lines["lines"]): Lines["lines"] => [
  ...lines.filter(({ slot }) => slot === null),
  ...lines.filter(({ slot }) => slot !== null),
];

function optionsOf(
  state: () => LinesChartProps,
  width: number,
  onZoom: (zoom: readonly [number, number]) => void,
  onFocus: (run: string | null) => void,
): uPlot.Options {
  const order = inOrder(state().lines.lines);
  const axis = {
    stroke: () => token("--text-3"),
    font: `400 11px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: () => token("--grid"), width: 1 },
    ticks: { show: false },
  };
  const { log, start } = state();
  return {
    width,
    height: state().height,
    padding: [10, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, focus: { prox: NEAR_PX } },
    focus: { alpha: 1 },
    scales: {
      x: { time: false, range: () => [...(state().zoom ?? endsOf(state().lines))] },
      y: log ? LOGARITHMIC : { range: (_plot, low, high) => roomy(low, high) },
    },
    axes: [
      {
        ...axis,
        size: 28,
        grid: { show: false },
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        values: (_plot, rounds) => rounds.map((round) => (round === 0 ? start : String(round))),
        space: 44,
      },
      { ...axis, size: 52, space: 30, values: (_plot, values) => values.map((value) => (value === null ? "" : metricText(value))) },
    ],
    series: [
      {},
      ...order.map(({ run, slot }): uPlot.Series => {
        const mark = slot === null ? undefined : markOf(slot);
        const standsOut = (): boolean => state().focused === run;
        return {
          stroke: () => (standsOut() ? token("--text") : faded(state().focused, token(mark?.color ?? "--border-strong"))),
          width: mark === undefined ? 1 : 1.75,
          dash: [...(mark?.dash ?? [])],
          points: { show: false },
          spanGaps: true,
        };
      }),
    ],
    hooks: {
      setSeries: [(_plot, index) => onFocus(index === null ? null : (order[index - 1]?.run ?? null))],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide < 8) return;
          onZoom([plot.posToVal(left, "x"), plot.posToVal(left + wide, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

const faded = (focused: string | null, color: string): string =>
  focused === null ? color : `color-mix(in srgb, ${color} 35%, transparent)`;

const endsOf = ({ rounds }: Lines): readonly [number, number] => [rounds[0] ?? 0, Math.max(1, rounds.at(-1) ?? 1)];

function roomy(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.08, 0.005);
  return [low - room, high + room];
}
