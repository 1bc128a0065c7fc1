"use client";
import type { RunDetail } from "@engraft/coordinator/api/views";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { CirclePause, Eye, OctagonX, UserX } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { buttonClass } from "../../parts/button.tsx";
import { countText, personText, shortDigest } from "../../parts/figures.ts";
import { Loaded, Skeleton } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { AggregationChip } from "../plans/plan-chip.tsx";
import { ComparisonCard } from "./comparison-card.tsx";
import { RunFacts } from "./facts.tsx";
import { GainCard } from "./gain-card.tsx";
import { MetricCard } from "./metric-card.tsx";
import { hasEnded, PhaseChip } from "./phase.tsx";
import { RefusalsCard } from "./refusals-card.tsx";
import { RoundsCard } from "./rounds-card.tsx";
import { PlainSawCard, SawCard } from "./secure/saw-card.tsx";
import { SecureRoundCard } from "./secure/secure-card.tsx";
import { allRounds } from "./secure/steps.ts";
import { useRecords } from "./secure/use-records.ts";
import { SpokenRounds } from "./spoken-rounds.tsx";
import { SteerRun } from "./steer-run.tsx";
import { StopRun } from "./stop-run.tsx";
import { TimelineCard } from "./timeline-card.tsx";
import { useRun, type RunNow } from "./use-run.ts";

export function RunPage({ run }: { readonly run: string }) {
  const { query, now } = useRun(run);
  return (
    <Main bar={<TopBar crumbs={[{ text: "Runs", href: "/runs" }, { text: run }]} />}>
      {now.view === undefined && <h1>{run}</h1>}
      <Loaded query={query} rows={12}>
        {(detail) => (now.view === undefined ? <Skeleton rows={12} /> : <Run detail={detail} view={now.view} now={now} />)}
      </Loaded>
    </Main>
  );
}

function Run({ detail, view, now }: { readonly detail: RunDetail; readonly view: RunView; readonly now: RunNow }) {
  const { plan } = detail;
  const [metric, setMetric] = useState<MetricName>(plan.metrics.names[0] ?? "auroc");
  const newest = allRounds(view).at(-1)?.round ?? 0;
  const { query: record, held, numbers } = useRecords(plan, view);
  // Undefined: whichever round is newest.
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const selected = chosen ?? newest;
  const rounds = {
    plan,
    view,
    selected,
    working: now.working,
    onSelect: (round: number) => setChosen(round === newest ? undefined : round),
  };
  return (
    <>
      <Head detail={detail} view={view} />
      {plan.aggregation.method === "plain" && <PlainBanner />}
      {view.end !== null && view.phase === "failed" && (
        <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">The run failed.</b> {view.end.text}{" "}
          {view.rounds.some((round) => round.checkpoint !== null) ? "The checkpoints before it are kept." : "No checkpoint was written."}{" "}
          Start another run from the plan’s page once the sites are back.
        </Note>
      )}
      <Steered view={view} />
      <RunFacts plan={plan} base={detail.base} view={view} metric={metric} held={held} />
      <div className="cols items-stretch!">
        <div className="c8">
          <MetricCard run={view.run} plan={plan} view={view} metric={metric} onMetric={setMetric} />
        </div>
        <div className="c4">
          <GainCard plan={plan} view={view} metric={metric} />
        </div>
      </div>
      {numbers === null ? <TimelineCard {...rounds} /> : <SecureRoundCard {...rounds} />}
      {numbers === null ? (
        <PlainSawCard view={view} selected={selected} />
      ) : (
        <SawCard view={view} selected={selected} held={held} numbers={numbers} error={record.error} retry={() => void record.refetch()} />
      )}
      <ComparisonCard plan={plan} view={view} metric={metric} />
      <RoundsCard view={view} metric={metric} plan={plan} />
      <RefusalsCard refusals={now.refusals} />
      <SpokenRounds view={view} metric={metric} />
    </>
  );
}

function Head({ detail, view }: { readonly detail: RunDetail; readonly view: RunView }) {
  const admin = useIsAdmin();
  const { plan, base, release } = detail;
  // A checkpoint is the trained vector: float32.
  const values = view.checkpoint.bytes / 4;
  const part =
    plan.training.trainable.part === "head"
      ? "the head"
      : plan.training.trainable.part === "all"
        ? "all layers"
        : "the last blocks and the head";
  return (
    <PageHead
      title={view.run}
      chips={
        <>
          <PhaseChip phase={view.phase} />
          <AggregationChip method={plan.aggregation.method} />
        </>
      }
      under={
        <p className="text-12">
          Base {base.name} {base.version} · trains {part}, {countText(values)} values · plan{" "}
          <Link href={`/plans/${detail.planDigest}`}>
            {plan.name} v{plan.version}
          </Link>{" "}
          <span className="font-mono">{shortDigest(detail.planDigest)}</span> · started by {personText(view.by)}
        </p>
      }
      actions={
        <>
          {release !== null && (
            <Link className={buttonClass({ kind: "primary" })} href={`/models/${release.id}`}>
              Open release
            </Link>
          )}
          {admin && !hasEnded(view.phase) && <SteerRun view={view} />}
          {admin && !hasEnded(view.phase) && <StopRun run={view.run} />}
        </>
      }
    />
  );
}

/** What somebody did to the run, while it holds. */
function Steered({ view: { paused, leftOut, end } }: { readonly view: RunView }) {
  if (end !== null) return null;
  return (
    <>
      {paused !== null && (
        <Note tone="warn" icon={<CirclePause size={16} aria-hidden />}>
          <b className="font-semibold">Paused by {personText(paused.by)}.</b> {paused.text}
        </Note>
      )}
      {leftOut.length > 0 && (
        <Note icon={<UserX size={16} aria-hidden />}>
          {leftOut.map(({ site, by }) => `${site} was left out by ${personText(by)}.`).join(" ")}
        </Note>
      )}
    </>
  );
}

/** Cannot be dismissed: it is true for as long as the run is. */
function PlainBanner() {
  return (
    <Note tone="bad" edge icon={<Eye size={16} aria-hidden />}>
      <b className="font-semibold">Plain aggregation: the coordinator can read each update.</b> It never receives records, but an update can
      tell something about the data it was trained on.
    </Note>
  );
}
