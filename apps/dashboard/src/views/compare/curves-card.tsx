"use client";
import type { MetricName } from "@engraft/core/models/plan";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { MarkSample, markOf } from "../../parts/site-key.tsx";
import { Empty } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { MetricChoice } from "../models/metric-choice.tsx";
import { LinesChart } from "./lines-chart.tsx";
import type { Line, Lines } from "./lines.ts";
import { compareWords } from "./words.ts";
import { ScrollTable } from "../../parts/table-region.tsx";
import { TableToggle } from "../../parts/table-toggle.tsx";

interface CurvesCardProps {
  readonly lines: Lines;
  /** Best first. */
  readonly ranked: readonly Line[];
  readonly metric: MetricName;
  readonly names: readonly MetricName[];
  readonly onMetric: (metric: MetricName) => void;
  readonly zoom: readonly [number, number] | null;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
  readonly focused: string | null;
  readonly onFocus: (run: string | null) => void;
}

const HEIGHT = 340;

export function CurvesCard({ lines, ranked, metric, names, onMetric, zoom, onZoom, focused, onFocus }: CurvesCardProps) {
  const words = useWords(compareWords);
  const [table, setTable] = useState(false);
  const [log, setLog] = useState(false);
  const withFigure = ranked.filter(({ best }) => best !== undefined);
  const [top, low] = [withFigure[0], withFigure.at(-1)];
  // A logarithm needs values above 0.
  const canLog = lines.lines.every(({ values }) => values.every((value) => value === null || value > 0));
  return (
    <Card
      title={words.curves}
      className="h-full"
      aside={words.curvesAside(METRIC_TITLES[metric])}
      end={
        <>
          {zoom !== null && !table && (
            <Button size="small" onClick={() => onZoom(null)}>
              {words.resetZoom}
            </Button>
          )}
          {canLog && !table && (
            <Button size="small" aria-pressed={log} onClick={() => setLog(!log)}>
              {words.logAxis}
            </Button>
          )}
          <TableToggle table={table} onTable={setTable} />
        </>
      }
    >
      <div className="px-4 pt-3">
        <MetricChoice names={names} metric={metric} onChange={onMetric} />
      </div>
      {top?.best === undefined || low?.best === undefined ? (
        <Empty title={words.nothing}>{words.noFigure(METRIC_TITLES[metric])}</Empty>
      ) : table ? (
        <ValuesTable lines={lines} ranked={ranked} metric={metric} />
      ) : (
        <div className="grid gap-2 px-4 pt-2 pb-3">
          <LinesChart
            lines={lines}
            sentence={words.sentence(
              METRIC_TITLES[metric],
              lines.lines.length,
              top.run,
              metricText(top.best.value),
              low.run,
              metricText(low.best.value),
            )}
            log={log && canLog}
            zoom={zoom}
            onZoom={onZoom}
            focused={focused}
            onFocus={onFocus}
            height={HEIGHT}
            start={words.start}
          />
          <Legend ranked={ranked} focused={focused} onFocus={onFocus} />
        </div>
      )}
    </Card>
  );
}

function Legend({ ranked, focused, onFocus }: Pick<CurvesCardProps, "ranked" | "focused" | "onFocus">) {
  const words = useWords(compareWords);
  const pointed = ranked.find(({ run, slot }) => run === focused && slot === null);
  return (
    <>
      <ul className="legend">
        {ranked
          .filter(({ slot }) => slot !== null)
          .map(({ run, slot, last }) => (
            <li
              key={run}
              onMouseEnter={() => onFocus(run)}
              onMouseLeave={() => onFocus(null)}
              className={focused !== null && focused !== run ? "opacity-60" : undefined}
            >
              <MarkSample mark={markOf(slot ?? 0)} />
              {run} {last !== undefined && <span className="text-fg-2 tabular-nums">{metricText(last)}</span>}
            </li>
          ))}
        <li className="desk text-fg-3">{words.zoomHint}</li>
      </ul>
      {/* Keeps its place, so that nothing moves while the pointer crosses lines. */}
      <p className="min-h-5 text-12 text-fg-2 tabular-nums">
        {pointed !== undefined && `${pointed.run}${pointed.last === undefined ? "" : `, ${metricText(pointed.last)}`}`}
      </p>
    </>
  );
}

function ValuesTable({ lines, ranked, metric }: Pick<CurvesCardProps, "lines" | "ranked" | "metric">) {
  const words = useWords(compareWords);
  return (
    <ScrollTable className="mt-3 max-h-[420px] overflow-y-auto" label={words.values} caption={words.curvesAside(METRIC_TITLES[metric])}>
      <thead>
        <tr>
          <th scope="col">{words.round}</th>
          {ranked.map(({ run }) => (
            <th scope="col" className="n whitespace-nowrap" key={run}>
              {run}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.rounds.map((round, index) => (
          <tr key={round}>
            <th scope="row">{round === 0 ? words.start : round}</th>
            {ranked.map(({ run, values }) => {
              const value = values[index] ?? null;
              return (
                <td className="n" key={run}>
                  {value === null ? "–" : metricText(value)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
