"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { Card } from "../../parts/card.tsx";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { ComparisonTable } from "../models/comparison-table.tsx";

export function ComparisonCard({
  view,
  metric,
  minCount,
}: {
  readonly view: RunView;
  readonly metric: MetricName;
  readonly minCount: number;
}) {
  return (
    <Card title="Base, alone and federated" aside={`${METRIC_TITLES[metric]} on each site’s test patients, 95 % CI`}>
      {view.comparisons.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">
          Not measured yet. After the last round each site compares the base unchanged, its own model and the shared one.
        </p>
      ) : (
        <ComparisonTable comparisons={view.comparisons} missed={view.evaluation?.missed ?? []} metric={metric} minCount={minCount} />
      )}
    </Card>
  );
}
