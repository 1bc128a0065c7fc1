"use client";
import type { CurveView } from "@engraft/coordinator/api/curve-views";
import { Card } from "../../parts/card.tsx";
import { metricText } from "../../parts/figures.ts";
import { MarkSample, markOf } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import { compareWords } from "./words.ts";

interface SitesProps {
  /** Of the runs in colour, with their sites. */
  readonly curves: readonly CurveView[];
  readonly slotOf: (run: string) => number;
  readonly zoom: readonly [number, number] | null;
  readonly focused: string | null;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [260, 150, 40, 20, 8];

/** One small chart for each site, with a line for each run in colour; all on one scale. */
export function SitesCard({ curves, slotOf, zoom, focused }: SitesProps) {
  const words = useWords(compareWords);
  const sites = [...new Set(curves.flatMap((curve) => curve.sites.map(({ site }) => site)))].toSorted((a, b) => a.localeCompare(b));
  const ends = zoom ?? [0, Math.max(1, ...curves.map(({ rounds }) => rounds.at(-1) ?? 1))];
  const seen = curves.flatMap((curve) =>
    curve.sites.flatMap(({ values }) =>
      values.filter((value, index) => value !== null && (curve.rounds[index] ?? 0) >= ends[0] && (curve.rounds[index] ?? 0) <= ends[1]),
    ),
  ) as readonly number[];
  const [low, high] = seen.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const room = Math.max((high - low) * 0.06, 0.003);
  return (
    <Card title={words.bySite} aside={words.bySiteAside}>
      {sites.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">{words.noSites}</p>
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(240px,1fr))] gap-x-4 gap-y-3 px-4 py-3">
          {sites.map((site) => (
            <SiteChart
              key={site}
              site={site}
              curves={curves}
              slotOf={slotOf}
              ends={ends}
              range={[low - room, high + room]}
              focused={focused}
            />
          ))}
        </ul>
      )}
    </Card>
  );
}

interface SiteChartProps extends Omit<SitesProps, "zoom"> {
  readonly site: string;
  readonly ends: readonly [number, number];
  readonly range: readonly [number, number];
}

function SiteChart({ site, curves, slotOf, ends, range, focused }: SiteChartProps) {
  const words = useWords(compareWords);
  const x = (round: number): number => LEFT + ((round - ends[0]) / (ends[1] - ends[0])) * (WIDTH - LEFT - 8);
  const y = (value: number): number => TOP + (1 - (value - range[0]) / (range[1] - range[0])) * (HEIGHT - TOP - BOTTOM);
  const own = curves
    .flatMap((curve) => {
      const values = curve.sites.find((each) => each.site === site)?.values;
      return values === undefined ? [] : [{ run: curve.run, slot: slotOf(curve.run), rounds: curve.rounds, values }];
    })
    .toSorted((a, b) => a.slot - b.slot);
  const list = own.map(({ run, values }) => `${run} ${metricText(values.findLast((value) => value !== null) ?? Number.NaN)}`).join(", ");
  const ticks = [range[0], (range[0] + range[1]) / 2, range[1]];
  return (
    <li>
      <h3 className="text-13 font-medium">{site}</h3>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="block w-full" role="img" aria-label={words.siteSentence(site, list)}>
        {ticks.map((value) => (
          <g key={value}>
            <line x1={LEFT} x2={WIDTH - 8} y1={y(value)} y2={y(value)} stroke="var(--grid)" />
            <text x={LEFT - 5} y={y(value) + 4} textAnchor="end" fontSize="11" fill="var(--text-3)">
              {metricText(value)}
            </text>
          </g>
        ))}
        {ends.map((round, index) => (
          <text key={round} x={x(round)} y={HEIGHT - 4} textAnchor={index === 0 ? "start" : "end"} fontSize="11" fill="var(--text-3)">
            {Math.round(round)}
          </text>
        ))}
        {own.map(({ run, slot, rounds, values }) => {
          const mark = markOf(slot);
          return (
            <path
              key={run}
              d={pathOf(rounds, values, ends, x, y)}
              fill="none"
              stroke={`var(${mark.color})`}
              strokeDasharray={mark.dash.join(" ")}
              strokeWidth={focused === run ? 2.75 : 1.5}
              opacity={focused !== null && focused !== run ? 0.35 : 1}
            />
          );
        })}
      </svg>
      <ul className="flex flex-wrap gap-x-3 text-12 text-fg-2">
        {own.map(({ run, slot, values }) => (
          <li key={run} className="flex items-center gap-1" title={run}>
            <MarkSample mark={markOf(slot)} />
            <span className="tabular-nums">{metricText(values.findLast((value) => value !== null) ?? Number.NaN)}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}

function pathOf(
  rounds: readonly number[],
  values: readonly (number | null)[],
  ends: readonly [number, number],
  x: (round: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  for (const [index, value] of values.entries()) {
    const round = rounds[index] ?? 0;
    if (value !== null && round >= ends[0] && round <= ends[1])
      path += `${path === "" ? "M" : "L"}${x(round).toFixed(1)} ${y(value).toFixed(1)}`;
  }
  return path;
}
