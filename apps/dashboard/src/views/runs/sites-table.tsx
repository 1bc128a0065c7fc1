"use client";
import type { Estimate } from "@engraft/core/models/metrics";
import type { MetricName } from "@engraft/core/models/plan";
import { gainText, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { SiteKey } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import type { SiteFigures } from "./site-figures.ts";
import { ShiftText } from "./shift/shift-text.tsx";
import { SITES_WORDS } from "./words/sites.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

interface SitesTableProps {
  readonly figures: readonly SiteFigures[];
  readonly metric: MetricName;
  /** Whether the plan compares with a summary. */
  readonly shift: boolean;
}

/** The small charts as a table. */
export function SitesTable({ figures, metric, shift }: SitesTableProps) {
  const words = useWords(SITES_WORDS);
  const compared = [
    words.validation,
    words.newest,
    words.test,
    words.sharedHead,
    words.aloneHead,
    words.mixHead,
    words.interceptHead,
    words.gain,
  ];
  const heads = shift ? [...compared, words.shiftHead] : compared;
  return (
    <ScrollTable label={words.tableRegion} caption={words.tableCaption(METRIC_TITLES[metric])}>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          {heads.map((head) => (
            <th scope="col" className="n" key={head}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {figures.map(({ site, slot, n, points, test, gain, without, shift: psi }) => (
          <tr key={site} className={without === null ? "" : "text-fg-3"}>
            <th scope="row">
              <SiteKey site={site} slot={slot} />
            </th>
            <td className="n">{n ?? "–"}</td>
            <td className="n whitespace-nowrap">{without === null ? withRange(points.at(-1), metricText) : words.without[without]}</td>
            <td className="n">{test?.n ?? "–"}</td>
            <td className="n">{textOf(test?.shared)}</td>
            <td className="n">{textOf(test?.alone)}</td>
            <td className="n">{textOf(test?.mix)}</td>
            <td className="n">{textOf(test?.intercept)}</td>
            <td className="n whitespace-nowrap">{withRange(gain, gainText)}</td>
            {shift && <td className="n whitespace-nowrap">{psi === null ? "–" : <ShiftText psi={psi} />}</td>}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );

  function withRange(estimate: Estimate | null | undefined, text: (value: number) => string): string {
    if (estimate === null || estimate === undefined) return "–";
    return `${text(estimate.value)} (${words.range(text(estimate.low), text(estimate.high))})`;
  }
}

const textOf = (estimate: Estimate | null | undefined): string =>
  estimate === null || estimate === undefined ? "–" : metricText(estimate.value);
