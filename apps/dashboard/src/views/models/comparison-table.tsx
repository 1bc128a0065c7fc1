import type { Estimate, SiteMetrics } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import type { Comparison } from "@engraft/core/rounds/view";
import { gainText, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { gainOf, meanGain, meanOf, metricsOf, OWN_ARMS, type Arm, type Gain, type OwnArm } from "./release-metrics.ts";
import { releaseWords } from "./words.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

const ARMS: readonly Arm[] = ["base", "alone", "federated"];

interface TableProps {
  readonly comparisons: readonly Comparison[];
  readonly missed: readonly { readonly site: string; readonly text: string }[];
  readonly metric: MetricName;
  /** Sites with fewer test patients are shown in grey and never ranked; undefined where it is not known. */
  readonly minCount?: number;
  /** Whose mean the first row is. */
  readonly over?: string;
}

export function ComparisonTable({ comparisons, missed, metric, minCount, over }: TableProps) {
  const words = useWords(releaseWords).table;
  const { site: siteTitle, table: tableTitle } = useWords(releaseWords).compare;
  const gains = comparisons
    .map((comparison) => ({ comparison, gain: gainOf(comparison, metric) }))
    .toSorted((a, b) => (b.gain?.value ?? Number.NEGATIVE_INFINITY) - (a.gain?.value ?? Number.NEGATIVE_INFINITY));
  const totalGain = meanGain(comparisons, metric);
  const own = OWN_ARMS.filter((arm) => comparisons.some((comparison) => metricsOf(comparison, arm) !== null));
  return (
    <ScrollTable label={tableTitle} caption={words.caption(METRIC_TITLES[metric])}>
      <thead>
        <tr>
          <th scope="col">{siteTitle}</th>
          <th scope="col" className="n">
            {words.testPatients}
          </th>
          {ARMS.map((arm) => (
            <th scope="col" className="n" key={arm}>
              {words.arms[arm]}
            </th>
          ))}
          {own.map((arm) => (
            <th scope="col" className="n" key={arm}>
              {words.ownArms[arm]}
            </th>
          ))}
          <th scope="col" className="n">
            {words.gain}
          </th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row" className="font-semibold!">
            {words.weighted(over ?? words.all)}
          </th>
          <td className="n">{comparisons.reduce((sum, comparison) => sum + countOf(comparison), 0)}</td>
          {[...ARMS, ...own].map((arm) => (
            <MeanCell key={arm} value={meanOf(comparisons, arm, metric)} />
          ))}
          <td className="n font-semibold">{totalGain === null ? "–" : gainText(totalGain)}</td>
        </tr>
        {gains.map(({ comparison, gain }) => (
          <tr key={comparison.site} className={gain === null ? "muted" : undefined}>
            <th scope="row">{comparison.site}</th>
            <td className="n">{countOf(comparison)}</td>
            {ARMS.map((arm) => (
              <EstimateCell key={arm} metrics={comparison[arm]} estimate={comparison[arm]?.values[metric] ?? null} minCount={minCount} />
            ))}
            {own.map((arm) => (
              <OwnCell key={arm} arm={arm} comparison={comparison} metric={metric} minCount={minCount} />
            ))}
            <GainCell gain={gain} />
          </tr>
        ))}
        {missed.map(({ site, text }) => (
          <tr key={site} className="muted">
            <th scope="row">{site}</th>
            <td colSpan={5 + own.length}>{text}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
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
  const words = useWords(releaseWords).table;
  if (estimate === null)
    return <td className="n">{metrics !== null && minCount !== undefined && metrics.n < minCount ? words.tooFew(minCount) : "–"}</td>;
  return (
    <td className="n">
      {metricText(estimate.value)}
      <div className="text-12 whitespace-nowrap text-fg-2">
        {metricText(estimate.low)} {words.to} {metricText(estimate.high)}
      </div>
    </td>
  );
}

/** A mix with how much of it is the site's own, by its choice on validation patients. */
function OwnCell({
  arm,
  comparison,
  metric,
  minCount,
}: {
  readonly arm: OwnArm;
  readonly comparison: Comparison;
  readonly metric: MetricName;
  readonly minCount: number | undefined;
}) {
  const words = useWords(releaseWords).table;
  const metrics = metricsOf(comparison, arm);
  const estimate = metrics?.values[metric] ?? null;
  const { mix } = comparison;
  if (arm !== "mix" || !mix || estimate === null) return <EstimateCell metrics={metrics} estimate={estimate} minCount={minCount} />;
  return (
    <td className="n">
      {metricText(estimate.value)}
      <div className="text-12 whitespace-nowrap text-fg-2">{words.own(Math.round(100 * mix.weight))}</div>
    </td>
  );
}

export function GainCell({ gain }: { readonly gain: Gain | null }) {
  const words = useWords(releaseWords).table;
  if (gain === null) return <td className="n">–</td>;
  return (
    <td className="n">
      <b className={`font-semibold ${gain.low > 0 ? "text-accent" : gain.high < 0 ? "text-bad" : "text-fg-2"}`}>{gainText(gain.value)}</b>
      <div className="text-12 whitespace-nowrap text-fg-2">
        {gainText(gain.low)} {words.to} {gainText(gain.high)}
      </div>
    </td>
  );
}
