"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { Comparison, RunView } from "@engraft/core/rounds/view";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { memo, useRef, useState } from "react";
import { Card } from "../../parts/card.tsx";
import { ChartFiles } from "../../parts/chart-files.tsx";
import { Chip } from "../../parts/chip.tsx";
import { csvText } from "../../parts/csv.ts";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { gainOf, isPaired, type Gain } from "../models/release-metrics.ts";
import { GainAdvice } from "./gain-advice.tsx";
import { GainPlot, GainTable, type GainRow } from "./gain-plot.tsx";
import { finalFigures } from "./secure/pooled.ts";
import { PooledGain } from "./secure/pooled-gain.tsx";
import { GAIN_WORDS } from "./words/sites.ts";
import { TableToggle } from "../../parts/table-toggle.tsx";

const rowsOf = (view: RunView, metric: MetricName): readonly GainRow[] =>
  view.comparisons
    .map((comparison: Comparison) => ({
      site: comparison.site,
      slot: view.sites.indexOf(comparison.site),
      n: comparison.federated?.n ?? comparison.alone?.n ?? 0,
      gain: gainOf(comparison, metric),
    }))
    .toSorted((a, b) => (b.gain?.value ?? Number.NEGATIVE_INFINITY) - (a.gain?.value ?? Number.NEGATIVE_INFINITY));

function gainCsv(rows: readonly GainRow[], metric: MetricName): string {
  const lines = rows.map(({ site, n, gain }) => [site, n, gain?.value, gain?.low, gain?.high]);
  return csvText([["site", "test_patients", `${metric}_gain`, "ci_low", "ci_high"], ...lines]);
}

interface GainCardProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
}

/** Each site's shared model against its own, on the same held-out patients. */
export const GainCard = memo(function GainCard({ plan, view, metric }: GainCardProps) {
  const words = useWords(GAIN_WORDS);
  const [table, setTable] = useState(false);
  const chart = useRef<HTMLDivElement>(null);
  const rows = rowsOf(view, metric);
  const pooled = finalFigures(view);
  const opened = view.evaluation !== null || view.evaluationRound !== null;
  return (
    <Card title={words.title} className="h-full" end={<Verdict gains={rows.flatMap(({ gain }) => gain ?? [])} />}>
      {!plan.metrics.compareAlone ? (
        <Empty title={words.notMeasured}>{words.notAsked}</Empty>
      ) : rows.length === 0 && pooled !== null ? (
        <PooledGain figures={pooled} metric={metric} />
      ) : rows.length === 0 ? (
        <Empty title={view.end !== null ? words.notMeasured : opened ? words.beingMeasured : words.atTheEnd}>
          {view.end !== null ? words.endedBefore : opened ? words.now : words.later}
        </Empty>
      ) : (
        <div className="grid gap-2 px-4 py-3">
          <p className="text-12 text-fg-2">{words.what(METRIC_TITLES[metric])}</p>
          <div ref={chart} className="min-w-0">
            {table ? <GainTable rows={rows} title={METRIC_TITLES[metric]} /> : <GainPlot rows={rows} title={METRIC_TITLES[metric]} />}
          </div>
          <GainAdvice plan={plan} view={view} metric={metric} rows={rows} />
          <p className="text-12 text-fg-3">{isPaired(view.comparisons, metric) ? words.paired : words.independent}</p>
          <div className="flex flex-wrap gap-2">
            <ChartFiles
              name={`${view.run}-${metric}-gain`}
              title={`${words.title}: ${METRIC_TITLES[metric]}`}
              under={words.what(METRIC_TITLES[metric])}
              legend={[]}
              source={view.run}
              csv={() => gainCsv(rows, metric)}
              chart={table ? null : chart}
            />
            <TableToggle table={table} onTable={setTable} />
          </div>
        </div>
      )}
    </Card>
  );
});

/** Never more than the intervals bear out: a gain whose interval holds 0 is not called one. */
function Verdict({ gains }: { readonly gains: readonly Gain[] }) {
  const words = useWords(GAIN_WORDS);
  const without = gains.filter((gain) => gain.value <= 0).length;
  const clear = gains.filter((gain) => gain.low > 0).length;
  if (gains.length === 0) return null;
  if (without > 0) {
    return (
      <Chip tone="warn" icon={<TriangleAlert aria-hidden />}>
        {words.without(without)}
      </Chip>
    );
  }
  return clear === gains.length ? (
    <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
      {words.everywhere}
    </Chip>
  ) : (
    <Chip>{words.higher(gains.length, clear)}</Chip>
  );
}
