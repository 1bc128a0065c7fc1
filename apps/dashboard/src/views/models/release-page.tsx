"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { RunDetail } from "@engraft/coordinator/api/views";
import type { MetricName } from "@engraft/core/models/plan";
import { runView } from "@engraft/core/rounds/view";
import { useQuery } from "@tanstack/react-query";
import { Ban, Download } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { bytesText, plural } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { AggregationChip } from "../plans/plan-chip.tsx";
import { finalFigures } from "../runs/secure/pooled.ts";
import { PooledTable } from "../runs/secure/pooled-table.tsx";
import { ComparisonTable } from "./comparison-table.tsx";
import { CriteriaCard, LineageCard, VerifyCard } from "./proof-cards.tsx";
import { MetricChoice } from "./metric-choice.tsx";
import { LoadCard } from "./load-card.tsx";
import { ReleaseActions } from "./release-actions.tsx";
import { metricsIn } from "./release-metrics.ts";
import { ReleaseChip, releaseTitle } from "./release-state.tsx";

export function ReleasePage({ id }: { readonly id: string }) {
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Releases", href: "/models" }, { text: id }]} />}>
      <Loaded query={releases} rows={10}>
        {(list) => {
          const release = list.find((each) => each.id === id);
          return release === undefined ? (
            <section className="card" aria-label="Release">
              <h1 className="sr-only">{id}</h1>
              <Empty
                title="There is no such release"
                action={
                  <Link className={buttonClass()} href="/models">
                    All releases
                  </Link>
                }
              >
                Its name may be mistyped. Releases are never deleted by the coordinator.
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
  const isAdmin = useIsAdmin();
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
            Made <When at={release.createdAt} /> from <Link href={`/runs/${release.run}`}>{release.run}</Link>,{" "}
            {plural(release.rounds, "round")}. For research, not for care.
          </>
        }
        actions={
          <>
            {isAdmin && <ReleaseActions release={release} />}
            {model !== undefined && (
              <a className={buttonClass({ kind: "primary" })} href={addressOf(release, model)} download>
                <Download size={14} aria-hidden />
                Download {model.name === BUNDLE ? "all files" : "model"}, {bytesText(model.bytes)}
              </a>
            )}
          </>
        }
      />
      {release.withdrawn !== null && (
        <Note tone="bad" role="note" icon={<Ban size={16} aria-hidden />}>
          <b>Withdrawn</b> <When at={release.withdrawn.at} /> by {release.withdrawn.by.replace(/^[a-z]+:/, "")}: {release.withdrawn.why} Do
          not use it for anything new.
        </Note>
      )}
      <div className="cols">
        <div className="c8 stack">
          <CriteriaCard release={release} />
          {release.aggregation === "secure" && <PooledCard run={release.run} />}
          {(release.aggregation === "plain" || release.comparisons.length > 0) && <MetricsCard release={release} />}
          <OriginCard release={release} />
          <FilesCard release={release} />
        </div>
        <div className="c4 stack">
          <LineageCard release={release} />
          <VerifyCard release={release} />
          <LoadCard release={release} />
        </div>
      </div>
    </>
  );
}

function OriginCard({ release }: { readonly release: ReleaseView }) {
  return (
    <Card title="Where it comes from" padded>
      <dl className="kv">
        {release.released !== null && release.released.notes !== "" && (
          <>
            <dt>Notes</dt>
            <dd>{release.released.notes}</dd>
          </>
        )}
        <dt>Evaluated by</dt>
        <dd>{evaluatedBy(release)}</dd>
        <dt>Aggregation</dt>
        {release.aggregation === "plain" ? (
          <dd className="text-bad">Plain: the coordinator could read each update.</dd>
        ) : (
          <dd className="links">
            Secure: the coordinator saw sums. <Link href={`/runs/${release.run}`}>What it holds of each</Link> stands with the run.
          </dd>
        )}
      </dl>
    </Card>
  );
}

const BUNDLE = "bundle.zip";

/** Whoever opens the page of a withdrawn release has been told. */
const addressOf = ({ withdrawn }: ReleaseView, { url }: ReleaseView["files"][number]): string =>
  withdrawn === null ? url : `${url}?withdrawn=yes`;

function evaluatedBy({ aggregation, comparisons }: ReleaseView): string {
  if (comparisons.length > 0) return comparisons.map((comparison) => comparison.site).join(", ");
  return aggregation === "secure" ? "all sites of the last sum together" : "no site";
}

/** Out of the run's last sum. */
function PooledCard({ run }: { readonly run: string }) {
  const trpc = useTRPC();
  const query = useQuery({ ...trpc.runs.get.queryOptions({ run }), staleTime: 60_000 });
  return (
    <Card title="All sites together" aside="test patients; below a figure the bounds of the exact one">
      <Loaded query={query}>{(detail) => <Pooled detail={detail} />}</Loaded>
    </Card>
  );
}

function Pooled({ detail: { events, plan } }: { readonly detail: RunDetail }) {
  const view = runView(events.map(({ event }) => event));
  const figures = view === undefined ? null : finalFigures(view);
  if (figures === null) return <p className="px-4 py-3 text-fg-2">The last evaluation came to no sum.</p>;
  return <PooledTable label={plan.data.label} figures={figures} metrics={plan.metrics.names} minCount={plan.metrics.minCount} />;
}

function MetricsCard({ release }: { readonly release: ReleaseView }) {
  const names = metricsIn(release.comparisons);
  const [chosen, setChosen] = useState<MetricName | undefined>(undefined);
  const metric = chosen ?? names[0];
  return (
    <Card
      title="By site"
      aside="test patients, 95 % CI by bootstrap over patients"
      end={<MetricChoice names={names} metric={metric} onChange={setChosen} />}
    >
      {metric === undefined ? (
        <div className="p-4">
          <Note tone="warn">No site reported a figure for this model: too few test patients, or none answered the evaluation.</Note>
        </div>
      ) : (
        <ComparisonTable comparisons={release.comparisons} missed={[]} metric={metric} />
      )}
    </Card>
  );
}

function FilesCard({ release }: { readonly release: ReleaseView }) {
  return (
    <Card title="Files" aside="no pickle among them">
      <ul className="list tight">
        {release.files.map((file) => (
          <li key={file.name}>
            <div className="flex items-center gap-2">
              <a className="ell min-w-0 flex-1 font-mono text-12" href={addressOf(release, file)} download>
                {file.name}
              </a>
              <span className="text-12 whitespace-nowrap text-fg-2">{bytesText(file.bytes)}</span>
              <a
                className={buttonClass({ kind: "ghost", size: "small", icon: true })}
                href={addressOf(release, file)}
                download
                aria-label={`Download ${file.name}`}
              >
                <Download size={14} aria-hidden />
              </a>
            </div>
            <div className="flex items-center gap-1">
              <span className="ell font-mono text-11 text-fg-3" title={file.sha256}>
                sha256 {file.sha256}
              </span>
              <CopyButton text={file.sha256} what={`SHA-256 of ${file.name}`} iconOnly />
              {file.downloads > 0 && <span className="text-11 whitespace-nowrap text-fg-3">fetched {file.downloads} ×</span>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
