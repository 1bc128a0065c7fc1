"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { Download, ShieldCheck, Table2, ZoomIn } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { listed, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { MarkSample, markOf, SiteKey } from "../../parts/site-key.tsx";
import { Empty } from "../../parts/states.tsx";
import { chartCsv, chartData, chartSentence, hasValues, MAIN_NAMES, roundName, stepZoom, type ChartData } from "./chart-data.ts";
import type { MainPoint } from "./main-curve.ts";
import { MetricChart } from "./metric-chart.tsx";
import { boundsText, sitesShown } from "./secure/pooled.ts";

interface MetricCardProps {
  readonly run: string;
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
  readonly onMetric: (metric: MetricName) => void;
}

export function MetricCard({ run, plan, view, metric, onMetric }: MetricCardProps) {
  const [table, setTable] = useState(false);
  const [zoom, setZoom] = useState<readonly [number, number] | null>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const data = useMemo(() => chartData(view, metric, plan.rounds.count), [view, metric, plan.rounds.count]);
  const sentence = chartSentence(data, metric);
  return (
    <Card
      title="Held-out patients"
      className="h-full"
      end={
        <>
          {zoom !== null && !table && (
            <Button size="small" onClick={() => setZoom(null)}>
              Reset zoom
            </Button>
          )}
          {!table && hasValues(data) && (
            <Button size="small" icon aria-label="Zoom in" title="Zoom in" onClick={() => setZoom(stepZoom(data, zoom, "in"))}>
              <ZoomIn size={14} aria-hidden />
            </Button>
          )}
          {table && (
            <Button size="small" onClick={() => download(`${run}-${metric}.csv`, chartCsv(data, metric))}>
              <Download size={14} aria-hidden />
              CSV
            </Button>
          )}
          <Button size="small" aria-pressed={table} onClick={() => setTable(!table)}>
            <Table2 size={14} aria-hidden />
            {table ? "Chart" : "Table"}
          </Button>
        </>
      }
    >
      <div className="px-4 pt-3">
        <Segmented
          label="Metric"
          value={metric}
          onChange={onMetric}
          options={plan.metrics.names.map((name) => ({ value: name, text: METRIC_TITLES[name] }))}
        />
      </div>
      {!hasValues(data) ? (
        <Empty title="No value yet">
          {plan.aggregation.method === "secure"
            ? `The first figure comes with the first sum: of all sites’ held-out patients together, at least ${plan.metrics.minCount} of them.`
            : `Sites measure each checkpoint when the next round begins, on at least ${plan.metrics.minCount} of their own held-out patients.`}
        </Empty>
      ) : table ? (
        <ChartTable data={data} metric={metric} />
      ) : (
        <div className="grid gap-2 px-4 pt-2 pb-3">
          <MetricChart
            data={data}
            title={METRIC_TITLES[metric]}
            sentence={sentence}
            zoom={zoom}
            onZoom={setZoom}
            focused={focused}
            underWay={view.end === null ? (view.rounds.at(-1)?.round ?? null) : null}
          />
          <Legend data={data} onFocus={setFocused} />
          {plan.aggregation.method === "secure" && <InTheSum plan={plan} view={view} />}
        </div>
      )}
    </Card>
  );
}

/** Which sites have no line, and why. */
function InTheSum({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const shown = sitesShown(view);
  const hidden = view.sites.filter((site) => !shown.includes(site));
  if (hidden.length === 0) return null;
  return (
    <p className="flex items-start gap-1.5 text-12 text-fg-2">
      <ShieldCheck size={14} className="mt-px flex-none text-accent" aria-hidden />
      {plan.metrics.perSite
        ? `In the sum alone: ${listed(hidden)}. Figures of their own patients do not leave these sites.`
        : "Per-site figures are not shown: the plan keeps them inside the sum."}
    </p>
  );
}

function Legend({ data, onFocus }: { readonly data: ChartData; readonly onFocus: (slot: number | null) => void }) {
  return (
    <ul className="legend" aria-label="Legend">
      <li>
        <svg width="26" height="10" aria-hidden>
          <path d="M0 5H26" stroke="var(--text)" strokeWidth="2.75" />
        </svg>
        {MAIN_NAMES[data.kind].long}
      </li>
      {data.main.some((point) => point !== null && point.bounds !== null && boundsText(point.bounds) !== undefined) && (
        <li>
          <svg width="26" height="10" aria-hidden>
            <rect width="26" height="10" fill="var(--text)" opacity="0.14" />
          </svg>
          the exact figure lies in the band
        </li>
      )}
      {data.sites.map(({ site, slot, values }) => (
        <li key={site} onMouseEnter={() => onFocus(slot)} onMouseLeave={() => onFocus(null)}>
          <MarkSample mark={markOf(slot)} />
          {site}
          {values.every((value) => value === null) && <span className="text-fg-3">no curve of its own</span>}
        </li>
      ))}
      <li className="desk text-fg-3">Drag over the chart to zoom.</li>
    </ul>
  );
}

function ChartTable({ data, metric }: { readonly data: ChartData; readonly metric: MetricName }) {
  return (
    <div className="scroll relative mt-3 max-h-[330px] overflow-y-auto" role="region" aria-label="Values of the chart, table" tabIndex={0}>
      <table className="dense">
        <caption className="sr-only">
          {METRIC_TITLES[metric]} after each round, {MAIN_NAMES[data.kind].long.toLowerCase()} and each site
        </caption>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col" className="n">
              {MAIN_NAMES[data.kind].column}
            </th>
            {data.kind === "pooled" && (
              <th scope="col" className="n">
                Exact, between
              </th>
            )}
            {data.sites.map(({ site, slot }) => (
              <th scope="col" className="n" key={site}>
                <SiteKey site={site} slot={slot} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rounds.map((round, index) => (
            <tr key={round}>
              <th scope="row">{roundName(round)}</th>
              <Figure value={data.main[index]?.value} strong />
              {data.kind === "pooled" && <td className="n whitespace-nowrap text-fg-2">{boundsOf(data.main[index])}</td>}
              {data.sites.map(({ site, values }) => (
                <Figure key={site} value={values[index]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Figure({ value, strong = false }: { readonly value: number | null | undefined; readonly strong?: boolean }) {
  return <td className={`n ${strong ? "font-semibold" : ""}`}>{value === null || value === undefined ? "–" : metricText(value)}</td>;
}

function boundsOf(point: MainPoint | null | undefined): string {
  if (point === null || point === undefined || point.bounds === null) return "–";
  return boundsText(point.bounds) ?? metricText(point.value);
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
