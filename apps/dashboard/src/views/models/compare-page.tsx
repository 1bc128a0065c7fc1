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
import { changeRows } from "../plans/changes.ts";
import { EstimateCell, GainCell } from "./comparison-table.tsx";
import { MetricChoice } from "./metric-choice.tsx";
import { differenceOf, metricsIn, sitesOf, type SiteDifference } from "./release-metrics.ts";
import { releaseTitle } from "./release-state.tsx";

/** Two models beside each other: their figures at each site, and what their plans do otherwise. */
export function ComparePage({ first, second }: { readonly first: string | undefined; readonly second: string | undefined }) {
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Releases", href: "/models" }, { text: "Compare" }]} />}>
      <PageHead title="Compare two models" under="On the same sites’ test patients. The second one against the first." />
      <Loaded query={releases} rows={10}>
        {(list) =>
          list.length < 2 ? (
            <section className="card" aria-label="Compare">
              <Empty
                title="There is nothing to compare yet"
                action={
                  <Link className={buttonClass()} href="/models">
                    All releases
                  </Link>
                }
              >
                Two runs must have finished. Each leaves a model.
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
        <SelectField label="First" value={first} onChange={(event) => choose(event.target.value, second)}>
          {options}
        </SelectField>
        <SelectField label="Second" value={second} onChange={(event) => choose(first, event.target.value)}>
          {options}
        </SelectField>
      </div>
      {a !== undefined && b !== undefined && <Figures a={a} b={b} />}
      {a !== undefined && b !== undefined && <PlanDiff a={a} b={b} />}
    </div>
  );
}

function Figures({ a, b }: { readonly a: ReleaseView; readonly b: ReleaseView }) {
  const names = metricsIn([...a.comparisons, ...b.comparisons]);
  const [chosen, setChosen] = useState<MetricName | undefined>(undefined);
  const metric = chosen !== undefined && names.includes(chosen) ? chosen : names[0];
  return (
    <Card
      title="By site"
      aside="test patients, 95 % CI"
      end={<MetricChoice names={names} metric={metric} onChange={setChosen} />}
      footer={
        <span className="text-12 text-fg-2">
          Intervals of a difference are made from both models’ own as if they were independent. Both saw the same patients, so the true ones
          are, as a rule, narrower.
        </span>
      }
    >
      {metric === undefined ? (
        <p className="px-4 py-3 text-fg-2">Neither run brought figures of single sites: their plans keep them inside the sum.</p>
      ) : (
        <FiguresTable a={a} b={b} metric={metric} />
      )}
    </Card>
  );
}

function FiguresTable({ a, b, metric }: { readonly a: ReleaseView; readonly b: ReleaseView; readonly metric: MetricName }) {
  const sites = sitesOf([a.comparisons, b.comparisons]);
  return (
    <div className="scroll relative" role="region" aria-label="Comparison, table" tabIndex={0}>
      <table className="dense">
        <caption className="sr-only">{METRIC_TITLES[metric]} of both models at each site, and the difference</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col" className="n">
              {releaseTitle(a)}
            </th>
            <th scope="col" className="n">
              {releaseTitle(b)}
            </th>
            <th scope="col" className="n">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {sites.map((site) => (
            <Row key={site} site={site} difference={differenceOf(a.comparisons, b.comparisons, site, metric)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ site, difference: { first, second, gain } }: { readonly site: string; readonly difference: SiteDifference }) {
  return (
    <tr className={gain === null ? "muted" : undefined}>
      <th scope="row">{site}</th>
      <EstimateCell metrics={null} estimate={first} minCount={undefined} />
      <EstimateCell metrics={null} estimate={second} minCount={undefined} />
      <GainCell gain={gain} />
    </tr>
  );
}

function PlanDiff({ a, b }: { readonly a: ReleaseView; readonly b: ReleaseView }) {
  const trpc = useTRPC();
  const first = useQuery(trpc.plans.get.queryOptions({ digest: a.plan.digest }));
  const second = useQuery(trpc.plans.get.queryOptions({ digest: b.plan.digest }));
  return (
    <Card title="What their plans do otherwise">
      <Loaded query={first}>
        {(one) => (
          <Loaded query={second}>
            {(other) => {
              const rows = changeRows(planChanges(one.plan, other.plan));
              return rows.length === 0 ? (
                <p className="px-4 py-3 text-fg-2">Nothing: both runs followed the same plan.</p>
              ) : (
                <div className="scroll relative" role="region" aria-label="Differences of the plans" tabIndex={0}>
                  <table className="dense">
                    <caption className="sr-only">Values that differ between the two plans</caption>
                    <thead>
                      <tr>
                        <th scope="col">Value</th>
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
                  </table>
                </div>
              );
            }}
          </Loaded>
        )}
      </Loaded>
    </Card>
  );
}
