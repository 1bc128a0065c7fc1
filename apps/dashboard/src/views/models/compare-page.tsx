"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { MetricName } from "@engraft/core/models/plan";
import { planChanges } from "@engraft/core/models/plan-words";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { SelectField } from "../../parts/field.tsx";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { changeRows } from "../plans/page/changes.ts";
import { EstimateCell, GainCell } from "./comparison-table.tsx";
import { MetricChoice } from "./metric-choice.tsx";
import { differenceOf, metricsIn, sitesOf, type SiteDifference } from "./release-metrics.ts";
import { pairOf, pooledDifference, pText, type PairedAt, type PooledDifference } from "./release-pair.ts";
import { releaseTitle } from "./release-state.tsx";
import { releaseWords } from "./words.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

/** Two models beside each other: their figures at each site, and what their plans do otherwise. */
export function ComparePage({ first, second }: { readonly first: string | undefined; readonly second: string | undefined }) {
  const words = useWords(releaseWords);
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.releases, href: "/models" }, { text: words.compare.crumb }]} />}>
      <PageHead title={words.compare.title} under={words.compare.under} />
      <Loaded query={releases} rows={10}>
        {(list) =>
          list.length < 2 ? (
            <section className="card" aria-label={words.compare.crumb}>
              <Empty
                title={words.compare.nothing}
                action={
                  <Link className={buttonClass()} href="/models">
                    {words.allReleases}
                  </Link>
                }
              >
                {words.compare.nothingWhy}
              </Empty>
            </section>
          ) : (
            <Pair list={list} first={first ?? list[1]?.id ?? ""} second={second ?? list[0]?.id ?? ""} />
          )
        }
      </Loaded>
    </Main>
  );
}

function Pair({ list, first, second }: { readonly list: readonly ReleaseView[]; readonly first: string; readonly second: string }) {
  const words = useWords(releaseWords).compare;
  const router = useRouter();
  const choose = (a: string, b: string): void =>
    router.replace(`/models/compare?first=${encodeURIComponent(a)}&second=${encodeURIComponent(b)}`);
  const [a, b] = [list.find(({ id }) => id === first), list.find(({ id }) => id === second)];
  const options = list.map((release) => (
    <option key={release.id} value={release.id}>
      {releaseTitle(release) === release.run ? release.run : `${releaseTitle(release)} (${release.run})`}
    </option>
  ));
  return (
    <div className="stack">
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField label={words.first} value={first} onChange={(event) => choose(event.target.value, second)}>
          {options}
        </SelectField>
        <SelectField label={words.second} value={second} onChange={(event) => choose(first, event.target.value)}>
          {options}
        </SelectField>
      </div>
      {a !== undefined && b !== undefined && <Figures a={a} b={b} />}
      {a !== undefined && b !== undefined && <PlanDiff a={a} b={b} />}
    </div>
  );
}

function Figures({ a, b }: { readonly a: ReleaseView; readonly b: ReleaseView }) {
  const { bySite, compare: words } = useWords(releaseWords);
  const names = metricsIn([...a.comparisons, ...b.comparisons]);
  const [chosen, setChosen] = useState<MetricName | undefined>(undefined);
  const metric = chosen !== undefined && names.includes(chosen) ? chosen : names[0];
  const pair = pairOf(a, b);
  return (
    <Card
      title={bySite.title}
      aside={words.aside}
      end={<MetricChoice names={names} metric={metric} onChange={setChosen} />}
      footer={<span className="text-12 text-fg-2">{pair === undefined ? words.intervals : words.paired(pair.run)}</span>}
    >
      {metric === undefined ? (
        <p className="px-4 py-3 text-fg-2">{words.noFigures}</p>
      ) : (
        <FiguresTable a={a} b={b} metric={metric} pairedAt={pair?.at} />
      )}
    </Card>
  );
}

interface FiguresProps {
  readonly a: ReleaseView;
  readonly b: ReleaseView;
  readonly metric: MetricName;
  readonly pairedAt: PairedAt | undefined;
}

function FiguresTable({ a, b, metric, pairedAt }: FiguresProps) {
  const words = useWords(releaseWords).compare;
  const sites = sitesOf([a.comparisons, b.comparisons]);
  const pooled = pooledDifference(sites.flatMap((site) => pairedAt?.(site, metric) ?? []));
  return (
    <ScrollTable label={words.table} caption={words.caption(METRIC_TITLES[metric])}>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          <th scope="col" className="n">
            {releaseTitle(a)}
          </th>
          <th scope="col" className="n">
            {releaseTitle(b)}
          </th>
          <th scope="col" className="n">
            {words.difference}
          </th>
        </tr>
      </thead>
      <tbody>
        {pooled !== null && <PooledRow pooled={pooled} />}
        {sites.map((site) => (
          <Row
            key={site}
            site={site}
            difference={pairedAt?.(site, metric) ?? differenceOf(a.comparisons, b.comparisons, site, metric)}
            isPaired={pairedAt === undefined || pairedAt(site, metric) !== undefined}
          />
        ))}
      </tbody>
    </ScrollTable>
  );
}

/** Of all sites that judged both. */
function PooledRow({ pooled }: { readonly pooled: PooledDifference }) {
  const { table, compare: words } = useWords(releaseWords);
  return (
    <tr>
      <th scope="row" className="font-semibold!">
        {table.weighted(table.all)}
      </th>
      <td className="n text-12 text-fg-2" colSpan={2}>
        {pooled.p === null ? "" : words.noDifference(pText(pooled.p))}
      </td>
      <GainCell gain={pooled} />
    </tr>
  );
}

interface RowProps {
  readonly site: string;
  readonly difference: SiteDifference;
  /** False where the other sites judged both models, and this one did not. */
  readonly isPaired: boolean;
}

function Row({ site, difference: { first, second, gain }, isPaired }: RowProps) {
  const words = useWords(releaseWords).compare;
  return (
    <tr className={gain === null ? "muted" : undefined}>
      <th scope="row">
        {site}
        {!isPaired && <div className="text-12 font-normal text-fg-2">{words.notPaired}</div>}
      </th>
      <EstimateCell metrics={null} estimate={first} minCount={undefined} />
      <EstimateCell metrics={null} estimate={second} minCount={undefined} />
      <GainCell gain={gain} />
    </tr>
  );
}

function PlanDiff({ a, b }: { readonly a: ReleaseView; readonly b: ReleaseView }) {
  const words = useWords(releaseWords).compare;
  const trpc = useTRPC();
  const first = useQuery(trpc.plans.get.queryOptions({ digest: a.plan.digest }));
  const second = useQuery(trpc.plans.get.queryOptions({ digest: b.plan.digest }));
  return (
    <Card title={words.plans}>
      <Loaded query={first}>
        {(one) => (
          <Loaded query={second}>
            {(other) => {
              const rows = changeRows(planChanges(one.plan, other.plan));
              return rows.length === 0 ? (
                <p className="px-4 py-3 text-fg-2">{words.samePlan}</p>
              ) : (
                <ScrollTable label={words.differences} caption={words.differ}>
                  <thead>
                    <tr>
                      <th scope="col">{words.value}</th>
                      <th scope="col">{releaseTitle(a)}</th>
                      <th scope="col">{releaseTitle(b)}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map(({ path, before, after }) => (
                      <tr key={path}>
                        <th scope="row" className="font-mono text-12">
                          {path}
                        </th>
                        <td>{before === "" ? "–" : before}</td>
                        <td>{after === "" ? "–" : after}</td>
                      </tr>
                    ))}
                  </tbody>
                </ScrollTable>
              );
            }}
          </Loaded>
        )}
      </Loaded>
    </Card>
  );
}
