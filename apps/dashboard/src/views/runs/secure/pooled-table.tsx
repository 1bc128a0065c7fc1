"use client";
import { positiveWord } from "@engraft/core/models/label-words";
import type { Label } from "@engraft/core/models/labels";
import type { MetricName } from "@engraft/core/models/plan";
import type { Bounded, PooledFigures, PooledMetrics } from "@engraft/core/models/pooled";
import { METRIC_TITLES, metricText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { POOLED_WORDS } from "../words/secure.ts";
import { boundsText } from "./pooled.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

const ARMS = ["base", "alone", "federated"] as const;

/** The three models on all sites' test patients together, metric by metric. */
export function PooledTable({
  figures,
  metrics,
  minCount,
  label,
}: {
  readonly figures: PooledFigures;
  readonly label: Label;
  readonly metrics: readonly MetricName[];
  readonly minCount: number;
}) {
  const words = useWords(POOLED_WORDS);
  const counted = figures.federated ?? figures.base;
  if (counted === null) {
    return <p className="px-4 py-3 text-fg-2">{words.fewer(minCount)}</p>;
  }
  return (
    <ScrollTable label={words.region} caption={words.caption}>
      <thead>
        <tr>
          <th scope="col">
            {words.counted(counted.n)}
            {counted.positives !== null && `, ${counted.positives} ${positiveWord(label)}`}
          </th>
          {ARMS.map((arm) => (
            <th scope="col" className="n" key={arm}>
              {words[arm]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {metrics.map((metric) => (
          <tr key={metric}>
            <th scope="row">{METRIC_TITLES[metric]}</th>
            {ARMS.map((arm) => (
              <FigureCell key={arm} figure={figureOf(figures[arm], metric)} strong={arm === "federated"} />
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}

const figureOf = (metrics: PooledMetrics | null, metric: MetricName): Bounded | null => metrics?.values[metric] ?? null;

function FigureCell({ figure, strong }: { readonly figure: Bounded | null; readonly strong: boolean }) {
  const { range } = useWords(POOLED_WORDS);
  if (figure === null) return <td className="n">–</td>;
  const bounds = boundsText(figure, range);
  return (
    <td className="n">
      <span className={strong ? "font-semibold" : ""}>{metricText(figure.value)}</span>
      {bounds !== undefined && <div className="text-12 whitespace-nowrap text-fg-2">{bounds}</div>}
    </td>
  );
}
