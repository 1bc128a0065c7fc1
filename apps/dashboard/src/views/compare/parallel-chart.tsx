"use client";
import type { SettingsView } from "@engraft/coordinator/api/curve-views";
import type { MetricName } from "@engraft/core/models/plan";
import { useMemo, useState } from "react";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { markOf } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import type { Line } from "./lines.ts";
import { axisOf, knownLines, numeric, type Axis, type KnownLines } from "./parallel.ts";
import { compareWords } from "./words.ts";
import { ScrollTable, TableRegion } from "../../parts/table-region.tsx";
import { TableToggle } from "../../parts/table-toggle.tsx";

interface ParallelCardProps extends Omit<ParallelProps, keyof KnownLines> {
  readonly lines: readonly Line[];
  readonly settings: SettingsView;
}

interface ParallelProps extends KnownLines {
  readonly metric: MetricName;
  readonly focused: string | null;
  readonly onFocus: (run: string | null) => void;
}

/** More axes than this leave no room for their names; the rest stands in the table. */
const MAX_AXES = 7;
const [WIDTH, HEIGHT, TOP, BOTTOM, LEFT, RIGHT] = [1120, 300, 44, 16, 90, 90];

export function ParallelCard({ lines, settings, ...rest }: ParallelCardProps) {
  const words = useWords(compareWords);
  const known = useMemo(() => knownLines(lines, settings), [lines, settings]);
  const [table, setTable] = useState(false);
  const more = settings.differences.length - MAX_AXES;
  return (
    <Card
      title={words.differences}
      aside={words.differencesAside}
      end={settings.differences.length > 0 && <TableToggle table={table} onTable={setTable} />}
      footer={more > 0 && !table ? <span className="text-12 text-fg-2">{words.moreSettings(more)}</span> : undefined}
    >
      {settings.differences.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">{words.same}</p>
      ) : table ? (
        <SettingsTable {...known} {...rest} />
      ) : (
        <Parallel {...known} {...rest} />
      )}
    </Card>
  );
}

function Parallel({ lines, differences, metric, focused, onFocus }: ParallelProps) {
  const words = useWords(compareWords);
  const result = numeric(
    words.bestMetric(METRIC_TITLES[metric]),
    lines.map(({ best }) => best?.value ?? null),
  );
  const axes = [...differences.slice(0, MAX_AXES).map(({ path, values }) => axisOf(path, values)), result];
  const x = (index: number): number => LEFT + (index / Math.max(1, axes.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (at: number): number => HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
  const sentence = words.parallelSentence(lines.length, differences.length);
  return (
    <TableRegion label={words.settingsTable}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="block w-full min-w-[760px]" role="img" aria-label={sentence}>
        {lines
          .map((line, index) => ({ line, index }))
          .toSorted((a, b) => rank(a.line, focused) - rank(b.line, focused))
          .map(({ line, index }) => (
            <RunLine
              key={line.run}
              line={line}
              faded={focused !== null && focused !== line.run}
              strong={focused === line.run}
              onFocus={onFocus}
              points={axes.flatMap((axis, at) => {
                const value = axis.at[index] ?? null;
                return value === null ? [] : [`${x(at).toFixed(1)},${y(value).toFixed(1)}`];
              })}
            />
          ))}
        {axes.map((axis, index) => (
          <AxisLine key={axis.path} axis={axis} x={x(index)} y={y} last={index === axes.length - 1} />
        ))}
      </svg>
    </TableRegion>
  );
}

/** Grey below coloured, and what stands out on top. */
const rank = ({ run, slot }: Line, focused: string | null): number => (run === focused ? 2 : slot === null ? 0 : 1);

function RunLine({
  line: { run, slot },
  points,
  faded,
  strong,
  onFocus,
}: {
  readonly line: Line;
  readonly points: readonly string[];
  readonly faded: boolean;
  readonly strong: boolean;
  readonly onFocus: (run: string | null) => void;
}) {
  const mark = slot === null ? undefined : markOf(slot);
  return (
    <g onPointerEnter={() => onFocus(run)} onPointerLeave={() => onFocus(null)}>
      <title>{run}</title>
      <polyline points={points.join(" ")} fill="none" stroke="transparent" strokeWidth="9" />
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke={strong ? "var(--text)" : `var(${mark?.color ?? "--border-strong"})`}
        strokeWidth={strong ? 2.75 : mark === undefined ? 1 : 1.75}
        strokeDasharray={mark?.dash.join(" ")}
        opacity={faded ? 0.35 : 1}
      />
    </g>
  );
}

/** The end of a path says most. */
const shortPath = (path: string): string => path.split(".").slice(-2).join(".");

function AxisLine({
  axis,
  x,
  y,
  last,
}: {
  readonly axis: Axis;
  readonly x: number;
  readonly y: (at: number) => number;
  readonly last: boolean;
}) {
  return (
    <g>
      <title>{axis.path}</title>
      <line x1={x} x2={x} y1={y(0)} y2={y(1)} stroke="var(--axis)" />
      <text x={x} y={18} textAnchor="middle" fontSize="12" fontWeight={last ? 600 : 500} fill="var(--text)">
        {last ? axis.path : shortPath(axis.path)}
      </text>
      {axis.ticks.map(({ text, at }) => (
        <text
          key={text}
          x={last ? x + 8 : x - 8}
          y={y(at) + 4}
          textAnchor={last ? "start" : "end"}
          fontSize="11"
          fill="var(--text-2)"
          paintOrder="stroke"
          stroke="var(--surface)"
          strokeWidth="4"
        >
          {text.length > 14 ? `${text.slice(0, 13)}…` : text}
        </text>
      ))}
    </g>
  );
}

function SettingsTable({ lines, differences, metric }: ParallelProps) {
  const words = useWords(compareWords);
  return (
    <ScrollTable className="max-h-[420px] overflow-y-auto" label={words.settingsTable} caption={words.settingsTable}>
      <thead>
        <tr>
          <th scope="col">{words.run}</th>
          {differences.map(({ path }) => (
            <th scope="col" key={path} className="font-mono" title={path}>
              {shortPath(path)}
            </th>
          ))}
          <th scope="col" className="n">
            {words.bestMetric(METRIC_TITLES[metric])}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, index) => (
          <tr key={line.run}>
            <th scope="row" className="whitespace-nowrap">
              {line.run}
            </th>
            {differences.map(({ path, values }) => (
              <td key={path}>{values[index] ?? <span className="text-fg-3">{words.noValue}</span>}</td>
            ))}
            <td className="n">{line.best === undefined ? "–" : metricText(line.best.value)}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
