"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { RunDetail } from "@engraft/coordinator/api/views";
import type { MetricName } from "@engraft/core/models/plan";
import type { PooledFigures } from "@engraft/core/models/pooled";
import { runView } from "@engraft/core/rounds/view";
import { useQuery } from "@tanstack/react-query";
import { Ban, Download } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useMemo, useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { bytesText } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin, useMay } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { AggregationChip } from "../plans/page/plan-chip.tsx";
import { finalFigures } from "../runs/secure/pooled.ts";
import { PooledTable } from "../runs/secure/pooled-table.tsx";
import { ComparisonTable } from "./comparison-table.tsx";
import { CriteriaCard, LineageCard, VerifyCard } from "./proof-cards.tsx";
import { MetricChoice } from "./metric-choice.tsx";
import { LoadCard } from "./load-card.tsx";
import { ReleaseActions } from "./release-actions.tsx";
import { metricsIn } from "./release-metrics.ts";
import { ReleaseChip, releaseTitle } from "./release-state.tsx";
import { releaseWords, type ReleaseWords } from "./words.ts";

const ProbabilityCard = dynamic(() => import("./probability-card.tsx").then((module) => module.ProbabilityCard), { ssr: false });

export function ReleasePage({ id }: { readonly id: string }) {
  const words = useWords(releaseWords);
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.releases, href: "/models" }, { text: id }]} />}>
      <Loaded query={releases} rows={10}>
        {(list) => {
          const release = list.find((each) => each.id === id);
          return release === undefined ? (
            <section className="card" aria-label={words.release}>
              <h1 className="sr-only">{id}</h1>
              <Empty
                title={words.noSuch}
                action={
                  <Link className={buttonClass()} href="/models">
                    {words.allReleases}
                  </Link>
                }
              >
                {words.noSuchWhy}
              </Empty>
            </section>
          ) : (
            <Release release={release} />
          );
        }}
      </Loaded>
    </Main>
  );
}

function Release({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords);
  const isAdmin = useIsAdmin();
  const mayDownload = useMay(DOWNLOADS);
  const weights = release.files.find((file) => file.name === "model.safetensors");
  const model = release.files.find((file) => file.name === BUNDLE) ?? weights;
  return (
    <>
      <PageHead
        title={releaseTitle(release)}
        chips={
          <>
            <ReleaseChip release={release} />
            <AggregationChip method={release.aggregation} />
          </>
        }
        under={
          <>
            {words.made} <When at={release.createdAt} /> {words.from} <Link href={`/runs/${release.run}`}>{release.run}</Link>,{" "}
            {words.rounds(release.rounds)}
          </>
        }
        actions={
          <>
            {isAdmin && <ReleaseActions release={release} />}
            {mayDownload && model !== undefined && (
              <a className={buttonClass({ kind: "primary" })} href={addressOf(release, model)} download>
                <Download size={14} aria-hidden />
                {model.name === BUNDLE ? words.downloadAll(bytesText(model.bytes)) : words.downloadModel(bytesText(model.bytes))}
              </a>
            )}
          </>
        }
      />
      {release.withdrawn !== null && (
        <Note tone="bad" role="note" icon={<Ban size={16} aria-hidden />}>
          <b>{words.withdrawn}</b> <When at={release.withdrawn.at} />{" "}
          {words.withdrawnBy(release.withdrawn.by.replace(/^[a-z]+:/, ""), release.withdrawn.why)}
        </Note>
      )}
      {release.round !== null && (
        <Note tone="warn" role="note">
          {words.earlierRound(release.round, release.ofRounds)}
        </Note>
      )}
      <div className="cols">
        <div className="c8 stack">
          <CriteriaCard release={release} />
          {release.round === null && release.aggregation === "secure" && <PooledCards run={release.run} />}
          {release.round === null && (release.aggregation === "plain" || release.comparisons.length > 0) && (
            <MetricsCard release={release} />
          )}
          <OriginCard release={release} />
          <FilesCard release={release} />
        </div>
        <div className="c4 stack">
          <LineageCard release={release} />
          <VerifyCard release={release} />
          {mayDownload && <LoadCard release={release} />}
        </div>
      </div>
    </>
  );
}

function OriginCard({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).origin;
  return (
    <Card title={words.title} padded>
      <dl className="kv">
        {release.released !== null && release.released.notes !== "" && (
          <>
            <dt>{words.notes}</dt>
            <dd>{release.released.notes}</dd>
          </>
        )}
        <dt>{words.evaluatedBy}</dt>
        <dd>{evaluatedBy(release, words)}</dd>
        <dt>{words.aggregation}</dt>
        {release.aggregation === "plain" ? (
          <dd className="text-bad">{words.plain}</dd>
        ) : (
          <dd className="links">
            {words.secure} <Link href={`/runs/${release.run}`}>{words.whatItHolds}</Link> {words.withRun}
          </dd>
        )}
      </dl>
    </Card>
  );
}

const BUNDLE = "bundle.zip";
/** As the coordinator's table of roles names it. */
const DOWNLOADS = "GET /releases/<id>/<file>";

/** Whoever opens the page of a withdrawn release has been told. */
const addressOf = ({ withdrawn }: ReleaseView, { url }: ReleaseView["files"][number]): string =>
  withdrawn === null ? url : `${url}?withdrawn=yes`;

function evaluatedBy({ aggregation, comparisons, round }: ReleaseView, words: ReleaseWords["origin"]): string {
  if (round !== null) return words.noSite;
  if (comparisons.length > 0) return comparisons.map((comparison) => comparison.site).join(", ");
  return aggregation === "secure" ? words.together : words.noSite;
}

/** Out of the run's last sum. */
function PooledCards({ run }: { readonly run: string }) {
  const words = useWords(releaseWords).pooled;
  const trpc = useTRPC();
  const query = useQuery({ ...trpc.runs.get.queryOptions({ run }), staleTime: 60_000 });
  // A run may have thousands of events: they are folded once for both cards.
  const figures = useMemo(() => (query.data === undefined ? null : figuresOf(query.data)), [query.data]);
  return (
    <>
      <Card title={words.title} aside={words.aside}>
        <Loaded query={query}>{(detail) => <Pooled plan={detail.plan} figures={figures} />}</Loaded>
      </Card>
      {figures !== null && <ProbabilityCard figures={figures} run={run} />}
    </>
  );
}

function figuresOf({ events }: RunDetail): PooledFigures | null {
  const view = runView(events.map(({ event }) => event));
  return view === undefined ? null : finalFigures(view);
}

function Pooled({ plan, figures }: { readonly plan: RunDetail["plan"]; readonly figures: PooledFigures | null }) {
  const words = useWords(releaseWords).pooled;
  if (figures === null) return <p className="px-4 py-3 text-fg-2">{words.none}</p>;
  return <PooledTable label={plan.data.label} figures={figures} metrics={plan.metrics.names} minCount={plan.metrics.minCount} />;
}

function MetricsCard({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).bySite;
  const names = metricsIn(release.comparisons);
  const [chosen, setChosen] = useState<MetricName | undefined>(undefined);
  const metric = chosen ?? names[0];
  return (
    <Card title={words.title} aside={words.aside} end={<MetricChoice names={names} metric={metric} onChange={setChosen} />}>
      {metric === undefined ? (
        <div className="p-4">
          <Note tone="warn">{words.none}</Note>
        </div>
      ) : (
        <ComparisonTable comparisons={release.comparisons} missed={[]} metric={metric} />
      )}
    </Card>
  );
}

function FilesCard({ release }: { readonly release: ReleaseView }) {
  const mayDownload = useMay(DOWNLOADS);
  const words = useWords(releaseWords).files;
  return (
    <Card title={words.title} aside={words.aside}>
      <ul className="list tight">
        {release.files.map((file) => (
          <li key={file.name}>
            <div className="flex items-center gap-2">
              {mayDownload ? (
                <a className="ell min-w-0 flex-1 font-mono text-12" href={addressOf(release, file)} download>
                  {file.name}
                </a>
              ) : (
                <span className="ell min-w-0 flex-1 font-mono text-12">{file.name}</span>
              )}
              <span className="text-12 whitespace-nowrap text-fg-2">{bytesText(file.bytes)}</span>
              {mayDownload && (
                <a
                  className={buttonClass({ kind: "ghost", size: "small", icon: true })}
                  href={addressOf(release, file)}
                  download
                  aria-label={words.download(file.name)}
                >
                  <Download size={14} aria-hidden />
                </a>
              )}
            </div>
            <div className="flex items-center gap-1">
              <span className="ell font-mono text-11 text-fg-3" title={file.sha256}>
                sha256 {file.sha256}
              </span>
              <CopyButton text={file.sha256} what={words.digestOf(file.name)} iconOnly />
              {file.downloads > 0 && <span className="text-11 whitespace-nowrap text-fg-3">{words.fetched(file.downloads)}</span>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
