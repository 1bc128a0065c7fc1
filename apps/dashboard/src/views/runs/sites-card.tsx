"use client";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { Info } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Card } from "../../parts/card.tsx";
import { ChartFiles } from "../../parts/chart-files.tsx";
import type { LegendEntry } from "../../parts/chart-picture.ts";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { useWords } from "../../words/language.ts";
import { ORDERS, type ChartSettings, type Order } from "./chart-settings.ts";
import { isSecure } from "./secure/pooled.ts";
import { commonScale, inOrder, keepingPoints, siteFigures, sitesCsv, TESTED, type SiteFigures } from "./site-figures.ts";
import { SiteMultiple } from "./site-multiple.tsx";
import { SitesTable } from "./sites-table.tsx";
import { SITES_WORDS, type SitesWords } from "./words/sites.ts";
import { TableToggle } from "../../parts/table-toggle.tsx";

interface SitesCardProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly metric: MetricName;
  readonly settings: ChartSettings;
  readonly onSettings: (change: Partial<ChartSettings>) => void;
}

/** Whether a site trains a part that it keeps: then its line is of the shared model with that part. */
const hasOwnPart = ({ training: { trainable } }: Plan): boolean => trainable.personal === "head" || trainable.norm === "local";

const ordersOf = ({ metrics: { shift } }: Plan): readonly Order[] => ORDERS.filter((order) => order !== "shift" || shift !== undefined);

/** A small chart for each site, all on one scale. */
export function SitesCard({ plan, view, metric, settings, onSettings }: SitesCardProps) {
  const words = useWords(SITES_WORDS);
  const [table, setTable] = useState(false);
  const grid = useRef<HTMLUListElement>(null);
  const orders = ordersOf(plan);
  const order: Order = orders.includes(settings.order) ? settings.order : "gain";
  const before = useRef<readonly SiteFigures[]>([]);
  const figures = useMemo(() => {
    before.current = keepingPoints(before.current, siteFigures(view, metric));
    return inOrder(before.current, order);
  }, [before, view, metric, order]);
  const [low, high] = useMemo(() => commonScale(figures), [figures]);
  const scale = useMemo(() => [low, high] as const, [low, high]);
  const secure = plan.aggregation.method === "secure" || isSecure(view);
  if (secure && !plan.metrics.perSite) {
    return (
      <Card title={words.title}>
        <p className="px-4 py-3 text-fg-2">{words.inSum}</p>
      </Card>
    );
  }
  const drawn = figures.some(({ without }) => without === null);
  const newest = Math.max(0, ...figures.flatMap(({ points }) => points.at(-1)?.round ?? 0));
  const horizon = view.end === null ? Math.min(plan.rounds.count, Math.max(4, newest + 2)) : Math.max(1, newest);
  const legend = legendOf(figures, hasOwnPart(plan), words);
  return (
    <Card
      title={words.title}
      end={
        drawn && (
          <>
            <Segmented
              label={words.order}
              value={order}
              onChange={(next) => onSettings({ order: next })}
              options={orders.map((one) => ({ value: one, text: words.orders[one] }))}
            />
            <ChartFiles
              name={`${view.run}-${metric}-sites`}
              title={`${words.title}: ${METRIC_TITLES[metric]}`}
              under={words.oneScale}
              legend={legend}
              source={view.run}
              csv={() => sitesCsv(figures, metric)}
              chart={table ? null : grid}
            />
            <TableToggle table={table} onTable={setTable} />
          </>
        )
      }
      footer={<Foot secure={secure} words={words} />}
    >
      {table ? (
        <SitesTable figures={figures} metric={metric} shift={plan.metrics.shift !== undefined} />
      ) : (
        <>
          {drawn ? <Legend entries={legend} words={words} /> : <p className="px-4 py-3 text-fg-2">{words.notYet}</p>}
          <ul className="multiples" ref={grid} aria-label={words.title}>
            {figures.map((one) => (
              <SiteMultiple key={one.site} figures={one} metric={metric} scale={scale} horizon={horizon} />
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function Foot({ secure, words }: { readonly secure: boolean; readonly words: SitesWords }) {
  return (
    <div className="flex items-start gap-1.5">
      <Info size={14} className="mt-px flex-none" aria-hidden />
      <p>{secure ? `${words.outside} ${words.oneScale}` : words.oneScale}</p>
    </div>
  );
}

function legendOf(figures: readonly SiteFigures[], ownPart: boolean, words: SitesWords): readonly LegendEntry[] {
  const some = (model: (typeof TESTED)[number]): boolean => figures.some(({ test }) => (test?.[model] ?? null) !== null);
  return [
    { text: ownPart ? words.personal : words.shared, color: "--text" },
    ...(some("alone") ? [{ text: words.alone, color: "--text-2", dash: [4, 3] }] : []),
    ...(some("intercept") ? [{ text: words.intercept, color: "--text-2", dash: [8, 2, 2, 2] }] : []),
    ...(some("mix") ? [{ text: words.mix, color: "--text-2", dash: [1.5, 2.5] }] : []),
  ];
}

function Legend({ entries, words }: { readonly entries: readonly LegendEntry[]; readonly words: SitesWords }) {
  return (
    <ul className="legend px-4 pt-3">
      {entries.map(({ text, color, dash }) => (
        <li key={text}>
          <svg width="26" height="10" aria-hidden>
            <path d="M0 5H26" stroke={`var(${color})`} strokeWidth="1.75" strokeDasharray={dash?.join(" ")} />
          </svg>
          {text}
        </li>
      ))}
      <li>
        <svg width="26" height="10" aria-hidden>
          <rect width="26" height="10" fill="var(--text)" opacity="0.14" />
        </svg>
        {words.band}
      </li>
    </ul>
  );
}
