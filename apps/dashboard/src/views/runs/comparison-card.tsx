"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { ComparisonTable } from "../models/comparison-table.tsx";
import { finalFigures } from "./secure/pooled.ts";
import { PooledTable } from "./secure/pooled-table.tsx";

/** What the last evaluation found: over all sites together where there is a sum, and for each site that shows its own figures. */
export function ComparisonCard({ plan, view, metric }: { readonly plan: Plan; readonly view: RunView; readonly metric: MetricName }) {
  const { names, minCount, perSite } = plan.metrics;
  const secure = plan.aggregation.method === "secure";
  const pooled = finalFigures(view);
  return (
    <>
      {secure && (
        <Card title="Base, alone and federated" aside="all sites’ test patients together; below a figure the bounds of the exact one">
          {pooled === null ? (
            <NotYet ended={view.end !== null} />
          ) : (
            <PooledTable label={plan.data.label} figures={pooled} metrics={names} minCount={minCount} />
          )}
          {!perSite && (
            <p className="border-t border-line px-4 py-3 text-fg-2">
              Per-site figures are not shown: the plan keeps them inside the sum. A next version can ask for them; each steward then decides
              whether that site’s may leave.
            </p>
          )}
        </Card>
      )}
      {(!secure || view.comparisons.length > 0) && (
        <Card
          title={secure ? "Site by site" : "Base, alone and federated"}
          aside={`${METRIC_TITLES[metric]} on each site’s test patients, 95 % CI`}
        >
          {view.comparisons.length === 0 ? (
            <NotYet ended={view.end !== null} />
          ) : (
            <ComparisonTable
              comparisons={view.comparisons}
              missed={view.evaluation?.missed ?? []}
              metric={metric}
              minCount={minCount}
              over={secure ? "These sites" : "All"}
            />
          )}
        </Card>
      )}
    </>
  );
}

function NotYet({ ended }: { readonly ended: boolean }) {
  return (
    <p className="px-4 py-3 text-fg-2">
      {ended
        ? "Not measured: the run ended before its last evaluation."
        : "Not measured yet. After the last round each site compares the base unchanged, its own model and the shared one."}
    </p>
  );
}
