"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { PooledFigures } from "@engraft/core/models/pooled";
import { gainText, METRIC_TITLES, metricText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { POOLED_WORDS } from "../words/secure.ts";
import { pooledGain } from "./pooled.ts";

const RANKS: ReadonlySet<MetricName> = new Set(["auroc", "auprc"]);

/** The shared model against the sites' own, over all test patients together. */
export function PooledGain({ figures, metric }: { readonly figures: PooledFigures; readonly metric: MetricName }) {
  const words = useWords(POOLED_WORDS);
  const gain = pooledGain(figures, metric);
  if (gain === null) return <p className="px-4 py-4 text-fg-2">{words.fewToCompare}</p>;
  const [from, to] = [gainText(gain.low), gainText(gain.high)];
  const federated = figures.federated?.values[metric]?.value;
  const alone = figures.alone?.values[metric]?.value;
  return (
    <div className="grid gap-2 px-4 py-4">
      <p className="text-12 text-fg-2">{words.what(METRIC_TITLES[metric])}</p>
      {/* No colour of good or bad: nothing here says how much of it is chance. */}
      <p className="text-28 font-semibold tabular-nums">{gainText(gain.value)}</p>
      {federated !== undefined && alone !== undefined && (
        <p className="tabular-nums">
          {words.arms(metricText(federated), metricText(alone))}
          {from !== to && <span className="text-fg-2">{words.exact(from, to)}</span>}
        </p>
      )}
      <p className="text-12 text-fg-2">
        {words.noInterval(figures.federated?.n ?? 0)}
        {RANKS.has(metric) && words.ranks}
      </p>
    </div>
  );
}
