"use client";
/** Whether a model's probabilities come true, and what acting on them would bring: out of the run's last sum. */
import type { PooledFigures } from "@engraft/core/models/pooled";
import { useRef, useState } from "react";
import { Card } from "../../parts/card.tsx";
import { ChartFiles } from "../../parts/chart-files.tsx";
import type { LegendEntry } from "../../parts/chart-picture.ts";
import { metricText } from "../../parts/figures.ts";
import { MarkSample, shapePath } from "../../parts/site-key.tsx";
import { ScrollTable } from "../../parts/table-region.tsx";
import { TableToggle } from "../../parts/table-toggle.tsx";
import { useWords } from "../../words/language.ts";
import { calibrationCurves, decisionCurves, everybodyCurve, probabilityCsv, type ArmCurve, type CurvePoint } from "./probability-curves.ts";
import { Calibration, markOfArm, NetBenefit } from "./probability-plot.tsx";
import { PROBABILITY_WORDS } from "./probability-words.ts";

interface ProbabilityCardProps {
  readonly figures: PooledFigures;
  readonly run: string;
}

export function ProbabilityCard({ figures, run }: ProbabilityCardProps) {
  const words = useWords(PROBABILITY_WORDS);
  const [table, setTable] = useState(false);
  const charts = useRef<HTMLDivElement>(null);
  const [calibration, decision] = [calibrationCurves(figures), decisionCurves(figures)];
  if (calibration.length === 0) return null;
  const legend = calibration.map(({ arm }): LegendEntry => {
    const { color, dash, shape } = markOfArm(arm);
    return { text: words.arms[arm], color, dash, shape: shapePath(shape, 3) };
  });
  return (
    <Card title={words.title} aside={words.aside}>
      <div className="grid gap-3 px-4 py-3">
        <Legend curves={calibration} />
        <div ref={charts} className="grid gap-4 sm:grid-cols-2">
          <Curves title={words.calibration} what={words.calibrationWhat}>
            {table ? (
              <CurveTable curves={calibration} name={words.calibrationRegion} x={words.predicted} y={words.observed} counts />
            ) : (
              <Calibration curves={calibration} />
            )}
          </Curves>
          <Curves title={words.decision} what={words.decisionWhat}>
            {decision.length === 0 ? (
              <p className="text-12 text-fg-2">{words.few}</p>
            ) : table ? (
              <CurveTable
                curves={decision}
                name={words.decisionRegion}
                x={words.threshold}
                y={words.net}
                everybody={everybodyCurve(figures)}
              />
            ) : (
              <NetBenefit curves={decision} everybody={everybodyCurve(figures)} />
            )}
          </Curves>
        </div>
        <div className="flex flex-wrap gap-2">
          <ChartFiles
            name={`${run}-probabilities`}
            title={words.title}
            under={words.aside}
            legend={legend}
            source={run}
            csv={() => probabilityCsv(figures)}
            chart={table ? null : charts}
          />
          <TableToggle table={table} onTable={setTable} />
        </div>
      </div>
    </Card>
  );
}

function Legend({ curves }: { readonly curves: readonly ArmCurve[] }) {
  const words = useWords(PROBABILITY_WORDS);
  return (
    <div className="legend">
      {curves.map(({ arm }) => (
        <span key={arm}>
          <MarkSample mark={markOfArm(arm)} />
          {words.arms[arm]}
        </span>
      ))}
    </div>
  );
}

function Curves({ title, what, children }: { readonly title: string; readonly what: string; readonly children: React.ReactNode }) {
  return (
    <div className="grid min-w-0 content-start gap-1">
      <h3 className="text-13 font-semibold">{title}</h3>
      <p className="text-12 text-fg-2">{what}</p>
      {children}
    </div>
  );
}

interface CurveTableProps {
  readonly curves: readonly ArmCurve[];
  readonly name: string;
  readonly x: string;
  readonly y: string;
  readonly counts?: boolean;
  readonly everybody?: readonly CurvePoint[];
}

function CurveTable({ curves, name, x, y, counts = false, everybody }: CurveTableProps) {
  const words = useWords(PROBABILITY_WORDS);
  return (
    <ScrollTable label={name} caption={name}>
      <thead>
        <tr>
          <th scope="col">{words.model}</th>
          <th scope="col" className="n">
            {x}
          </th>
          <th scope="col" className="n">
            {y}
          </th>
          {counts && (
            <th scope="col" className="n">
              {words.rows}
            </th>
          )}
          {everybody !== undefined && (
            <th scope="col" className="n">
              {words.everybody}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {curves.flatMap(({ arm, points }) =>
          points.map((point) => (
            <tr key={`${arm} ${point.x}`}>
              <th scope="row">{words.arms[arm]}</th>
              <td className="n">{metricText(point.x)}</td>
              <td className="n font-semibold">{metricText(point.y)}</td>
              {counts && <td className="n">{point.count}</td>}
              {everybody !== undefined && (
                <td className="n">{metricText(everybody.find((each) => each.x === point.x)?.y ?? Number.NaN)}</td>
              )}
            </tr>
          )),
        )}
      </tbody>
    </ScrollTable>
  );
}
