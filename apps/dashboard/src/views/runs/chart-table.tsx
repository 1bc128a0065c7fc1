"use client";
import type { MetricName } from "@engraft/core/models/plan";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { SiteKey } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import type { ChartData } from "./chart-data.ts";
import type { MainPoint } from "./main-curve.ts";
import { boundsText } from "./secure/pooled.ts";
import { CHART_WORDS, type ChartWords } from "./words/charts.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

/** The chart's raw values, never smoothed ones. */
export function ChartTable({ data, metric }: { readonly data: ChartData; readonly metric: MetricName }) {
  const words = useWords(CHART_WORDS);
  const main = words.main[data.kind];
  return (
    <ScrollTable
      className="mt-3 max-h-[330px] overflow-y-auto"
      label={words.tableRegion}
      caption={words.tableCaption(METRIC_TITLES[metric], main.long)}
    >
      <thead>
        <tr>
          <th scope="col">{words.round}</th>
          <th scope="col" className="n">
            {main.column}
          </th>
          {data.kind === "pooled" && (
            <th scope="col" className="n">
              {words.exactBetween}
            </th>
          )}
          {data.sites.map(({ site, slot }) => (
            <th scope="col" className="n" key={site}>
              <SiteKey site={site} slot={slot} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {data.rounds.map((round, index) => (
          <tr key={round}>
            <th scope="row">{round === 0 ? words.start : round}</th>
            <Figure value={data.main[index]?.value} strong />
            {data.kind === "pooled" && <td className="n whitespace-nowrap text-fg-2">{boundsOf(data.main[index], words)}</td>}
            {data.sites.map(({ site, values }) => (
              <Figure key={site} value={values[index]} />
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}

function Figure({ value, strong = false }: { readonly value: number | null | undefined; readonly strong?: boolean }) {
  return <td className={`n ${strong ? "font-semibold" : ""}`}>{value === null || value === undefined ? "–" : metricText(value)}</td>;
}

function boundsOf(point: MainPoint | null | undefined, words: ChartWords): string {
  if (point === null || point === undefined || point.bounds === null) return "–";
  return boundsText(point.bounds, words.range) ?? metricText(point.value);
}
