import type { Estimate, OwnMix, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { Comparison } from "@engraft/core/rounds/view";
import { gainText, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { gainOf, meanGain, meanOf, type Arm, type Gain } from "./release-metrics.ts";

const ARMS: readonly { readonly arm: Arm; readonly title: string }[] = [
  { arm: "base", title: "Base unchanged" },
  { arm: "alone", title: "Trained alone" },
  { arm: "federated", title: "Federated" },
];

interface TableProps {
  readonly comparisons: readonly Comparison[];
  readonly missed: readonly { readonly site: string; readonly text: string }[];
  readonly metric: MetricName;
  /** Sites with fewer test patients are shown in grey and never ranked; undefined where it is not known. */
  readonly minCount?: number;
  /** Whose mean the first row is. */
  readonly over?: string;
}

export function ComparisonTable({ comparisons, missed, metric, minCount, over = "All" }: TableProps) {
  const gains = comparisons
    .map((comparison) => ({ comparison, gain: gainOf(comparison, metric) }))
    .toSorted((a, b) => (b.gain?.value ?? Number.NEGATIVE_INFINITY) - (a.gain?.value ?? Number.NEGATIVE_INFINITY));
  const totalGain = meanGain(comparisons, metric);
  const mixes = comparisons.some(({ mix }) => (mix ?? null) !== null);
  return (
    <div className="scroll relative" role="region" aria-label="Comparison, table" tabIndex={0}>
      <table className="dense">
        <caption className="sr-only">
          {METRIC_TITLES[metric]} of the base unchanged, of training alone and of the federated model, for each site
        </caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col" className="n">
              Test patients
            </th>
            {ARMS.map(({ arm, title }) => (
              <th scope="col" className="n" key={arm}>
                {title}
              </th>
            ))}
            {mixes && (
              <th scope="col" className="n">
                Own mix
              </th>
            )}
            <th scope="col" className="n">
              Gain over alone
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row" className="font-semibold!">
              {over}, weighted
            </th>
            <td className="n">{comparisons.reduce((sum, comparison) => sum + countOf(comparison), 0)}</td>
            {ARMS.map(({ arm }) => (
              <MeanCell key={arm} value={meanOf(comparisons, arm, metric)} />
            ))}
            {mixes && <MeanCell value={meanOf(comparisons, "mix", metric)} />}
            <td className="n font-semibold">{totalGain === null ? "–" : gainText(totalGain)}</td>
          </tr>
          {gains.map(({ comparison, gain }) => (
            <tr key={comparison.site} className={gain === null ? "muted" : undefined}>
              <th scope="row">{comparison.site}</th>
              <td className="n">{countOf(comparison)}</td>
              {ARMS.map(({ arm }) => (
                <EstimateCell key={arm} metrics={comparison[arm]} estimate={comparison[arm]?.values[metric] ?? null} minCount={minCount} />
              ))}
              {mixes && <MixCell mix={comparison.mix ?? null} metric={metric} minCount={minCount} />}
              <GainCell gain={gain} />
            </tr>
          ))}
          {missed.map(({ site, text }) => (
            <tr key={site} className="muted">
              <th scope="row">{site}</th>
              <td colSpan={mixes ? 6 : 5}>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const countOf = (comparison: Comparison): number => comparison.federated?.n ?? comparison.base?.n ?? comparison.alone?.n ?? 0;

function MeanCell({ value }: { readonly value: number | undefined }) {
  return <td className="n font-semibold">{value === undefined ? "–" : metricText(value)}</td>;
}

export function EstimateCell({
  metrics,
  estimate,
  minCount,
}: {
  readonly metrics: SiteMetrics | null;
  readonly estimate: Estimate | null;
  readonly minCount: number | undefined;
}) {
  if (estimate === null)
    return (
      <td className="n">{metrics !== null && minCount !== undefined && metrics.n < minCount ? `too few, ${minCount} needed` : "–"}</td>
    );
  return (
    <td className="n">
      {metricText(estimate.value)}
      <div className="text-12 whitespace-nowrap text-fg-2">
        {metricText(estimate.low)} to {metricText(estimate.high)}
      </div>
    </td>
  );
}

/** With how much of the model is the site's own, by its choice on validation patients. */
function MixCell({
  mix,
  metric,
  minCount,
}: {
  readonly mix: OwnMix | null;
  readonly metric: MetricName;
  readonly minCount: number | undefined;
}) {
  const estimate = mix?.metrics.values[metric] ?? null;
  if (mix === null || estimate === null) return <EstimateCell metrics={mix?.metrics ?? null} estimate={null} minCount={minCount} />;
  return (
    <td className="n">
      {metricText(estimate.value)}
      <div className="text-12 whitespace-nowrap text-fg-2">{Math.round(100 * mix.weight)} % own</div>
    </td>
  );
}

export function GainCell({ gain }: { readonly gain: Gain | null }) {
  if (gain === null) return <td className="n">–</td>;
  return (
    <td className="n">
      <b className={`font-semibold ${gain.low > 0 ? "text-accent" : gain.high < 0 ? "text-bad" : "text-fg-2"}`}>{gainText(gain.value)}</b>
      <div className="text-12 whitespace-nowrap text-fg-2">
        {gainText(gain.low)} to {gainText(gain.high)}
      </div>
    </td>
  );
}
