"use client";
import type { LegendEntry } from "../../parts/chart-picture.ts";
import { MarkSample, markOf, shapePath } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import type { ChartData } from "./chart-data.ts";
import { hasBand } from "./chart-state.ts";
import { sitePointer, usePointedSlot } from "./pointed.ts";
import { boundsText } from "./secure/pooled.ts";
import { CHART_WORDS, type ChartWords } from "./words/charts.ts";

/** The legend as a picture of the chart carries it. */
export const legendEntries = (data: ChartData, words: ChartWords): readonly LegendEntry[] => [
  { text: words.main[data.kind].long, color: "--text" },
  ...data.sites.map(({ site, slot }) => {
    const { color, dash, shape } = markOf(slot);
    return { text: site, color, dash, shape: shapePath(shape, 3) };
  }),
];

/** A site that is pointed at, or in focus, lets the others fade in every chart of the page. */
export function ChartLegend({ data }: { readonly data: ChartData }) {
  const words = useWords(CHART_WORDS);
  const pointed = usePointedSlot();
  return (
    <>
      <ul className="legend" aria-label={words.legend}>
        <li>
          <svg width="26" height="10" aria-hidden>
            <path d="M0 5H26" stroke="var(--text)" strokeWidth="2.75" />
          </svg>
          {words.main[data.kind].long}
        </li>
        {data.main.some((point) => point !== null && point.bounds !== null && boundsText(point.bounds, words.range) !== undefined) && (
          <li>
            <svg width="26" height="10" aria-hidden>
              <rect width="26" height="10" fill="var(--text)" opacity="0.14" />
            </svg>
            {words.exactBand}
          </li>
        )}
        {data.sites.map(({ site, slot, values }) => (
          <li key={site} className={pointed !== null && pointed !== slot ? "faded" : ""}>
            <button type="button" className="inline-flex items-center gap-1.5" {...sitePointer(slot)}>
              <MarkSample mark={markOf(slot)} />
              {site}
            </button>
            {values.every((value) => value === null) && <span className="text-fg-3">{words.noCurve}</span>}
          </li>
        ))}
        <li className="desk text-fg-3">{words.dragHint}</li>
      </ul>
      {hasBand(data) && <p className="text-12 text-fg-3">{words.manySites(data.sites.length)}</p>}
    </>
  );
}
