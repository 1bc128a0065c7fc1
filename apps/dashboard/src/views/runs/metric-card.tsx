"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { ShieldCheck, ZoomIn, ZoomOut } from "lucide-react";
import dynamic from "next/dynamic";
import { memo, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { ChartFiles } from "../../parts/chart-files.tsx";
import { listed, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { isCommand } from "../../parts/keys.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { Empty } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { ChartControls } from "./chart-controls.tsx";
import { allowsLog, chartCsv, chartData, chartSentence, hasValues, stepZoom, type ChartData } from "./chart-data.ts";
import { ChartLegend, legendEntries } from "./chart-legend.tsx";
import type { ChartSettings } from "./chart-settings.ts";
import { ChartTable } from "./chart-table.tsx";
import { bestOf } from "./main-curve.ts";
import { sitesShown } from "./secure/pooled.ts";
import { CHART_WORDS } from "./words/charts.ts";
import { TableToggle } from "../../parts/table-toggle.tsx";

/** The library that draws comes after the first view; the place is kept for it. */
const MetricChart = dynamic(() => import("./metric-chart.tsx").then((module) => module.MetricChart), {
  ssr: false,
  loading: () => <div className="chart" style={{ height: 300 }} aria-busy="true" />,
});

interface MetricCardProps {
  readonly run: string;
  readonly plan: Plan;
  readonly view: RunView;
  readonly settings: ChartSettings;
  readonly onSettings: (change: Partial<ChartSettings>) => void;
}

export const MetricCard = memo(function MetricCard({ run, plan, view, settings, onSettings }: MetricCardProps) {
  const words = useWords(CHART_WORDS);
  const { metric, table } = settings;
  const [zoom, setZoom] = useState<readonly [number, number] | null>(null);
  const chart = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const data = useMemo(() => chartData(view, metric, plan.rounds.count), [view, metric, plan.rounds.count]);
  const { filled, canLog, sentence } = useMemo(
    () => ({ filled: hasValues(data), canLog: allowsLog(data, metric), sentence: chartSentence(data, metric, words) }),
    [data, metric, words],
  );
  const { names } = plan.metrics;
  return (
    <Card
      title={words.title}
      className="h-full"
      end={
        <>
          {filled && (
            <ChartTools
              data={data}
              zoom={table ? undefined : zoom}
              onZoom={setZoom}
              run={run}
              metric={metric}
              chart={table ? null : chart}
            />
          )}
          <TableToggle table={table} onTable={(next) => onSettings({ table: next })} />
        </>
      }
    >
      {/* Single keys work only while the focus is in here, and not in a field. */}
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div ref={inside} onKeyDown={keysOf(names, settings, onSettings, inside)}>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 pt-3">
          <Segmented
            label={words.metric}
            value={metric}
            onChange={(next: MetricName) => onSettings({ metric: next })}
            options={names.map((name) => ({ value: name, text: METRIC_TITLES[name] }))}
          />
          {filled && !table && <ChartControls settings={settings} onSettings={onSettings} logOffered={canLog} />}
        </div>
        {!filled ? (
          <Empty title={words.noValue}>
            {plan.aggregation.method === "secure" ? words.noValuePooled(plan.metrics.minCount) : words.noValueMean(plan.metrics.minCount)}
          </Empty>
        ) : table ? (
          <ChartTable data={data} metric={metric} />
        ) : (
          <Drawn
            data={data}
            plan={plan}
            view={view}
            settings={settings}
            sentence={sentence}
            canLog={canLog}
            zoom={zoom}
            onZoom={setZoom}
            chart={chart}
          />
        )}
      </div>
    </Card>
  );
});

interface ToolsProps {
  readonly data: ChartData;
  readonly run: string;
  readonly metric: MetricName;
  /** Undefined where no chart is shown. */
  readonly zoom: readonly [number, number] | null | undefined;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
  readonly chart: RefObject<HTMLDivElement | null> | null;
}

function ChartTools({ data, run, metric, zoom, onZoom, chart }: ToolsProps) {
  const words = useWords(CHART_WORDS);
  return (
    <>
      {zoom !== undefined && <Zoom data={data} zoom={zoom} onZoom={onZoom} />}
      <ChartFiles
        name={`${run}-${metric}`}
        title={`${words.title}: ${METRIC_TITLES[metric]}`}
        legend={legendEntries(data, words)}
        source={run}
        csv={() => chartCsv(data, metric)}
        chart={chart}
      />
    </>
  );
}

/** `m` is the next metric, `t` chart or table. */
function keysOf(
  names: readonly MetricName[],
  { metric, table }: ChartSettings,
  onSettings: MetricCardProps["onSettings"],
  inside: RefObject<HTMLElement | null>,
) {
  return (event: KeyboardEvent): void => {
    if (!isCommand(event)) return;
    if (event.key === "m") onSettings({ metric: names[(names.indexOf(metric) + 1) % names.length] ?? metric });
    if (event.key !== "t") return;
    onSettings({ table: !table });
    // What had the focus is gone with the chart or the table.
    requestAnimationFrame(() => inside.current?.querySelector<HTMLElement>("[tabindex='0'].chart, [role=region][tabindex='0']")?.focus());
  };
}

interface DrawnProps extends ZoomProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly settings: ChartSettings;
  readonly sentence: string;
  /** Whether a logarithmic axis says something. */
  readonly canLog: boolean;
  readonly chart: RefObject<HTMLDivElement | null>;
}

function Drawn({ data, plan, view, settings, sentence, canLog, zoom, onZoom, chart }: DrawnProps) {
  const { metric } = settings;
  return (
    <div className="grid gap-2 px-4 pt-2 pb-3">
      <div ref={chart} className="min-w-0">
        <MetricChart
          data={data}
          metric={metric}
          title={METRIC_TITLES[metric]}
          sentence={sentence}
          zoom={zoom}
          onZoom={onZoom}
          underWay={underWayIn(view)}
          smoothing={settings.smoothing}
          log={settings.log && canLog}
          best={settings.best}
        />
      </div>
      <ChartLegend data={data} />
      <Underline data={data} plan={plan} settings={settings} />
      {plan.aggregation.method === "secure" && <InTheSum plan={plan} view={view} />}
    </div>
  );
}

function underWayIn({ end, rounds }: RunView): number | null {
  const last = rounds.at(-1);
  return end !== null || last === undefined || last.checkpoint !== null || last.failed !== null ? null : last.round;
}

interface ZoomProps {
  readonly data: ChartData;
  readonly zoom: readonly [number, number] | null;
  readonly onZoom: (zoom: readonly [number, number] | null) => void;
}

function Zoom({ data, zoom, onZoom }: ZoomProps) {
  const words = useWords(CHART_WORDS);
  return (
    <>
      {zoom !== null && (
        <>
          <Button size="small" onClick={() => onZoom(null)}>
            {words.resetZoom}
          </Button>
          <Button size="small" icon aria-label={words.zoomOut} title={words.zoomOut} onClick={() => onZoom(stepZoom(data, zoom, "out"))}>
            <ZoomOut size={14} aria-hidden />
          </Button>
        </>
      )}
      <Button size="small" icon aria-label={words.zoomIn} title={words.zoomIn} onClick={() => onZoom(stepZoom(data, zoom, "in"))}>
        <ZoomIn size={14} aria-hidden />
      </Button>
    </>
  );
}

/** What was done to the values, and that none is missing. */
function Underline({ data, plan, settings }: { readonly data: ChartData; readonly plan: Plan; readonly settings: ChartSettings }) {
  const words = useWords(CHART_WORDS);
  const best = settings.best
    ? bestOf(
        data.main.filter((point) => point !== null),
        settings.metric,
      )
    : undefined;
  const lines = [
    ...(settings.smoothing > 0 ? [words.smoothedBy(settings.smoothing.toFixed(2))] : []),
    ...(best === undefined ? [] : [words.bestIs(metricText(best.value), best.round)]),
    words.allDrawn(data.rounds.length, plan.rounds.count),
  ];
  return (
    <div className="text-12 text-fg-3">
      <p>{lines.join(" ")}</p>
      <p className="desk">{words.keys}</p>
    </div>
  );
}

/** Which sites have no line, and why. */
function InTheSum({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const words = useWords(CHART_WORDS);
  const shown = sitesShown(view);
  const hidden = view.sites.filter((site) => !shown.includes(site));
  if (hidden.length === 0) return null;
  return (
    <p className="flex items-start gap-1.5 text-12 text-fg-2">
      <ShieldCheck size={14} className="mt-px flex-none text-accent" aria-hidden />
      {plan.metrics.perSite ? words.inSumAlone(listed(hidden, words.and)) : words.inSumByPlan}
    </p>
  );
}
