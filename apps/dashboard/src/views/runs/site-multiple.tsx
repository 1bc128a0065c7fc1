"use client";
/** One site's course as a small chart. All of a run's have the same scale. */
import type { Estimate } from "@engraft/core/models/metrics";
import { memo, useMemo, type MouseEvent, type KeyboardEvent } from "react";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { markOf, shapePath } from "../../parts/site-key.tsx";
import { useWidth } from "../../parts/use-width.ts";
import { useWords } from "../../words/language.ts";
import type { MetricName } from "@engraft/core/models/plan";
import { axisText, splitsOf } from "./chart-state.ts";
import { moveRound, pointAt, sitePointer, usePointedRound, usePointedSlot } from "./pointed.ts";
import type { SiteFigures } from "./site-figures.ts";
import type { SitePoint } from "./site-points.ts";
import { CHART_WORDS } from "./words/charts.ts";
import { ShiftText } from "./shift/shift-text.tsx";
import { SITES_WORDS } from "./words/sites.ts";

const HEIGHT = 124;
const LEFT = 36;
const RIGHT = 14;
const TOP = 6;
const BOTTOM = 18;

interface MultipleProps {
  readonly figures: SiteFigures;
  readonly metric: MetricName;
  readonly scale: readonly [number, number];
  /** Last round of the axis. */
  readonly horizon: number;
}

/** Drawn anew only where something of its site, or what all share, has changed. */
export const SiteMultiple = memo(function SiteMultiple({ figures, metric, scale, horizon }: MultipleProps) {
  const words = useWords(SITES_WORDS);
  const pointed = usePointedSlot();
  const { site, slot, n, without } = figures;
  const { shape, color } = markOf(slot);
  return (
    <li className={`multiple ${pointed !== null && pointed !== slot ? "faded" : ""}`} {...sitePointer(slot)}>
      <h3 className="flex items-center gap-2">
        <svg width="12" height="12" aria-hidden>
          <path d={shapePath(shape, 4)} transform="translate(6 6)" fill={without === null ? `var(${color})` : "var(--text-3)"} />
        </svg>
        <span className={`ell ${without === null ? "" : "text-fg-2"}`}>{site}</span>
        <span className="ml-auto text-12 font-normal whitespace-nowrap text-fg-2">{n === null ? words.none : words.patients(n)}</span>
      </h3>
      {without === null ? (
        <Chart figures={figures} metric={metric} scale={scale} horizon={horizon} />
      ) : (
        <p className="text-12 text-fg-2">{words.without[without]}</p>
      )}
    </li>
  );
});

/** In pixels: rounds to the right, values up. */
interface Plane {
  readonly width: number;
  readonly x: (round: number) => number;
  readonly y: (value: number) => number;
  /** From rounds and values to pixels, for paths that do not change when the axes do. */
  readonly matrix: string;
}

function planeOf(width: number, [low, high]: readonly [number, number], horizon: number): Plane {
  const sx = (width - LEFT - RIGHT) / horizon;
  const sy = (HEIGHT - TOP - BOTTOM) / (high - low);
  return {
    width,
    x: (round) => LEFT + sx * round,
    y: (value) => TOP + sy * (high - value),
    matrix: `matrix(${sx} 0 0 ${-sy} ${LEFT} ${TOP + sy * high})`,
  };
}

function Chart({ figures, metric, scale, horizon }: MultipleProps) {
  const words = useWords(SITES_WORDS);
  const { ref, width } = useWidth<HTMLDivElement>();
  const plane = useMemo(() => planeOf(Math.max(width, LEFT + RIGHT + 20), scale, horizon), [width, scale, horizon]);
  const { points, slot, test, site } = figures;
  const rounds = points.map(({ round }) => round);
  const onMove = ({ clientX, currentTarget }: MouseEvent<SVGSVGElement>): void => {
    const wanted = ((clientX - currentTarget.getBoundingClientRect().left - LEFT) * horizon) / (plane.width - LEFT - RIGHT);
    pointAt({ round: nearest(rounds, wanted) });
  };
  return (
    <>
      <div ref={ref} style={{ height: HEIGHT }}>
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            tabIndex={0}
            data-caption={site}
            aria-label={sentenceOf(figures, metric, words)}
            onMouseMove={onMove}
            onMouseLeave={() => pointAt({ round: null })}
            onKeyDown={(event: KeyboardEvent) => void moveRound(event, rounds)}
            onBlur={() => pointAt({ round: null })}
          >
            <Axes plane={plane} scale={scale} horizon={horizon} />
            <Course points={points} color={markOf(slot).color} matrix={plane.matrix} />
            {test?.alone !== null && test?.alone !== undefined && <Level plane={plane} value={test.alone.value} dash="4 3" />}
            {test?.mix !== null && test?.mix !== undefined && <Level plane={plane} value={test.mix.value} dash="1.5 2.5" />}
            {test?.intercept !== null && test?.intercept !== undefined && (
              <Level plane={plane} value={test.intercept.value} dash="8 2 2 2" />
            )}
            {test?.shared !== null && test?.shared !== undefined && (
              <OnTest plane={plane} estimate={test.shared} at={horizon} slot={slot} />
            )}
            <Crosshair figures={figures} plane={plane} />
          </svg>
        )}
      </div>
      <Below figures={figures} />
    </>
  );
}

const nearest = (rounds: readonly number[], wanted: number): number | null =>
  rounds.reduce<number | null>((best, round) => (best === null || Math.abs(round - wanted) < Math.abs(best - wanted) ? round : best), null);

function sentenceOf({ points, test, site, n }: SiteFigures, metric: MetricName, words: (typeof SITES_WORDS)["en"]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return site;
  const [from, to, low, high] = [first.value, last.value, last.low, last.high].map(metricText) as [string, string, string, string];
  const course = words.sentence(METRIC_TITLES[metric], site, from, to, low, high, n ?? 0);
  const { shared, alone } = test ?? {};
  if (test === null || !shared || !alone) return course;
  return `${course} ${words.atEnd(metricText(shared.value), metricText(alone.value), test.n)}`;
}

function Axes({
  plane,
  scale: [low, high],
  horizon,
}: {
  readonly plane: Plane;
  readonly scale: readonly [number, number];
  readonly horizon: number;
}) {
  const splits = splitsOf(low, high, false, 6);
  const rounds = splitsOf(0, horizon, false, plane.width / 50).filter(Number.isInteger);
  return (
    <>
      {splits.map((value) => (
        <g key={value}>
          <path d={`M${LEFT} ${plane.y(value)}H${plane.width - RIGHT}`} stroke="var(--grid)" />
          <text x={LEFT - 6} y={plane.y(value) + 4} textAnchor="end">
            {axisText(value, splits)}
          </text>
        </g>
      ))}
      {rounds.map((round) => (
        <text key={round} x={plane.x(round)} y={HEIGHT - 4} textAnchor="middle">
          {round}
        </text>
      ))}
    </>
  );
}

/** Line and interval. The paths are in rounds and values: a wider axis moves them without another path. */
const Course = memo(function Course({
  points,
  color,
  matrix,
}: {
  readonly points: readonly SitePoint[];
  readonly color: string;
  readonly matrix: string;
}) {
  const line = useMemo(() => pathOf(points.map(({ round, value }) => [round, value])), [points]);
  const band = useMemo(
    () =>
      pathOf([
        ...points.map(({ round, high }) => [round, high] as const),
        ...points.toReversed().map(({ round, low }) => [round, low] as const),
      ]),
    [points],
  );
  return (
    <g transform={matrix}>
      {points.length > 1 && <path d={`${band}Z`} fill={`var(${color})`} opacity="0.11" />}
      <path d={line} fill="none" stroke={`var(${color})`} strokeWidth="1.75" vectorEffect="non-scaling-stroke" />
    </g>
  );
});

const pathOf = (points: readonly (readonly [number, number] | readonly number[])[]): string =>
  points.map(([x = 0, y = 0], index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");

function Level({ plane, value, dash }: { readonly plane: Plane; readonly value: number; readonly dash: string }) {
  return (
    <path
      d={`M${LEFT} ${plane.y(value)}H${plane.width - RIGHT}`}
      fill="none"
      stroke="var(--text-2)"
      strokeWidth="1.5"
      strokeDasharray={dash}
    />
  );
}

/** The shared model on the site's test patients, with its interval: beside the line's end, since these are other patients. */
function OnTest({
  plane,
  estimate: { value, low, high },
  at,
  slot,
}: {
  readonly plane: Plane;
  readonly estimate: Estimate;
  readonly at: number;
  readonly slot: number;
}) {
  const x = plane.x(at) + 7;
  const color = `var(${markOf(slot).color})`;
  return (
    <g stroke={color} strokeWidth="1.5">
      <path d={`M${x} ${plane.y(low)}V${plane.y(high)}`} />
      <path d={shapePath(markOf(slot).shape, 3.4)} transform={`translate(${x} ${plane.y(value)})`} fill="var(--surface)" />
    </g>
  );
}

/** Its own component: a crosshair that moves draws nothing else anew. */
function Crosshair({ figures: { points, slot }, plane }: { readonly figures: SiteFigures; readonly plane: Plane }) {
  const round = usePointedRound();
  const { shape, color } = markOf(slot);
  const shown = (round === null ? undefined : points.find((point) => point.round === round)) ?? points.at(-1);
  return (
    <>
      {round !== null && <path d={`M${plane.x(round)} ${TOP}V${HEIGHT - BOTTOM}`} stroke="var(--focus)" />}
      {shown !== undefined && (
        <path
          d={shapePath(shape, round === null ? 3 : 4)}
          transform={`translate(${plane.x(shown.round)} ${plane.y(shown.value)})`}
          fill={`var(${color})`}
        />
      )}
    </>
  );
}

/** Figures in words: those at the crosshair, else the newest; then those on test patients. */
function Below({ figures: { points, test, shift } }: { readonly figures: SiteFigures }) {
  const words = useWords(SITES_WORDS);
  const { tipAt } = useWords(CHART_WORDS);
  const round = usePointedRound();
  const point = (round === null ? undefined : points.find((one) => one.round === round)) ?? points.at(-1);
  return (
    <div className="text-12 text-fg-2 tabular-nums">
      {point !== undefined && (
        <p className="flex justify-between gap-2">
          <span>{tipAt(point.round)}</span>
          <span>
            <b className="font-semibold text-fg">{metricText(point.value)}</b> ({words.range(metricText(point.low), metricText(point.high))}
            )
          </span>
        </p>
      )}
      {test !== null && (
        <p className="flex flex-wrap justify-between gap-x-2">
          <span>{words.testLine(test.n)}</span>
          {test.shared !== null && <span className="font-medium text-fg">{words.sharedIs(metricText(test.shared.value))}</span>}
          {test.intercept !== null && <span>{words.interceptIs(metricText(test.intercept.value))}</span>}
          {test.mix !== null && <span>{words.mixIs(metricText(test.mix.value))}</span>}
          {test.alone !== null && <span>{words.aloneIs(metricText(test.alone.value))}</span>}
        </p>
      )}
      {shift !== null && (
        <p className="flex flex-wrap justify-between gap-x-2">
          <span>{words.shift}</span>
          <span>
            <ShiftText psi={shift} />
          </span>
        </p>
      )}
    </div>
  );
}
