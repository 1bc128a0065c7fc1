"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { ComparisonTable } from "../models/comparison-table.tsx";
import { finalFigures } from "./secure/pooled.ts";
import { PooledTable } from "./secure/pooled-table.tsx";
import { useWords } from "../../words/language.ts";
import { PAGE_WORDS } from "./words/page.ts";

/** What the last evaluation found: over all sites together where there is a sum, and for each site that shows its own figures. */
export function ComparisonCard({ plan, view, metric }: { readonly plan: Plan; readonly view: RunView; readonly metric: MetricName }) {
  const words = useWords(PAGE_WORDS);
  const { names, minCount, perSite } = plan.metrics;
  const secure = plan.aggregation.method === "secure";
  const pooled = finalFigures(view);
  return (
    <>
      {secure && (
        <Card title={words.compared} aside={words.comparedPooled}>
          {pooled === null ? (
            <NotYet ended={view.end !== null} />
          ) : (
            <PooledTable label={plan.data.label} figures={pooled} metrics={names} minCount={minCount} />
          )}
          {!perSite && <p className="border-t border-line px-4 py-3 text-fg-2">{words.inSum}</p>}
        </Card>
      )}
      {(!secure || view.comparisons.length > 0) && (
        <Card title={secure ? words.siteBySite : words.compared} aside={words.comparedSites(METRIC_TITLES[metric])}>
          {view.comparisons.length === 0 ? (
            <NotYet ended={view.end !== null} />
          ) : (
            <ComparisonTable
              comparisons={view.comparisons}
              missed={view.evaluation?.missed ?? []}
              metric={metric}
              minCount={minCount}
              over={secure ? words.these : words.all}
            />
          )}
        </Card>
      )}
    </>
  );
}

function NotYet({ ended }: { readonly ended: boolean }) {
  const words = useWords(PAGE_WORDS);
  return <p className="px-4 py-3 text-fg-2">{ended ? words.notMeasured : words.notYet}</p>;
}
