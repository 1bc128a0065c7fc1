import { positiveWord } from "@engraft/core/models/label-words";
import type { Label } from "@engraft/core/models/labels";
import type { MetricName } from "@engraft/core/models/plan";
import type { Bounded, PooledFigures, PooledMetrics } from "@engraft/core/models/pooled";
import { METRIC_TITLES, metricText } from "../../../parts/figures.ts";
import { boundsText } from "./pooled.ts";

const ARMS = [
  { arm: "base", title: "Base unchanged" },
  { arm: "alone", title: "Trained alone" },
  { arm: "federated", title: "Federated" },
] as const;

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
  const counted = figures.federated ?? figures.base;
  if (counted === null) {
    return <p className="px-4 py-3 text-fg-2">Fewer than {minCount} test patients in the sum: the plan shows no figure of so few.</p>;
  }
  return (
    <div className="scroll relative" role="region" aria-label="All sites together, table" tabIndex={0}>
      <table className="dense">
        <caption className="sr-only">
          The base unchanged, training alone and the federated model on all sites’ test patients together
        </caption>
        <thead>
          <tr>
            <th scope="col">
              {counted.n} test patients{counted.positives !== null && `, ${counted.positives} ${positiveWord(label)}`}
            </th>
            {ARMS.map(({ arm, title }) => (
              <th scope="col" className="n" key={arm}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr key={metric}>
              <th scope="row">{METRIC_TITLES[metric]}</th>
              {ARMS.map(({ arm }) => (
                <FigureCell key={arm} figure={figureOf(figures[arm], metric)} strong={arm === "federated"} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const figureOf = (metrics: PooledMetrics | null, metric: MetricName): Bounded | null => metrics?.values[metric] ?? null;

function FigureCell({ figure, strong }: { readonly figure: Bounded | null; readonly strong: boolean }) {
  if (figure === null) return <td className="n">–</td>;
  const bounds = boundsText(figure);
  return (
    <td className="n">
      <span className={strong ? "font-semibold" : ""}>{metricText(figure.value)}</span>
      {bounds !== undefined && <div className="text-12 whitespace-nowrap text-fg-2">{bounds}</div>}
    </td>
  );
}
