import type { MetricName } from "@engraft/core/models/plan";
import type { PooledFigures } from "@engraft/core/models/pooled";
import { gainText, METRIC_TITLES, metricText } from "../../../parts/figures.ts";
import { pooledGain } from "./pooled.ts";

const RANKS: ReadonlySet<MetricName> = new Set(["auroc", "auprc"]);

/** The shared model against the sites' own, over all test patients together. */
export function PooledGain({ figures, metric }: { readonly figures: PooledFigures; readonly metric: MetricName }) {
  const gain = pooledGain(figures, metric);
  if (gain === null) return <p className="px-4 py-4 text-fg-2">Too few test patients in the sum to compare.</p>;
  const [from, to] = [gainText(gain.low), gainText(gain.high)];
  const federated = figures.federated?.values[metric]?.value;
  const alone = figures.alone?.values[metric]?.value;
  return (
    <div className="grid gap-2 px-4 py-4">
      <p className="text-12 text-fg-2">{METRIC_TITLES[metric]} of the shared model against the sites’ own, all test patients together.</p>
      {/* No colour of good or bad: nothing here says how much of it is chance. */}
      <p className="text-28 font-semibold tabular-nums">{gainText(gain.value)}</p>
      {federated !== undefined && alone !== undefined && (
        <p className="tabular-nums">
          together {metricText(federated)}, alone {metricText(alone)}
          {from !== to && (
            <span className="text-fg-2">
              ; the exact difference is between {from} and {to}
            </span>
          )}
        </p>
      )}
      <p className="text-12 text-fg-2">
        {figures.federated?.n ?? 0} patients. Without single sites’ figures there is no interval for chance, and no word on which site
        gains.
        {RANKS.has(metric) &&
          " Over all sites a ranking also compares patients of different hospitals; there a hospital’s own model has an advantage, because it knows how frequent the disease is at home."}
      </p>
    </div>
  );
}
