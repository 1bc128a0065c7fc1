"use client";
import type { RunDetail } from "@engraft/coordinator/api/views";
import type { RunView } from "@engraft/core/rounds/view";
import { CirclePause, Eye, OctagonX, UserX } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { memo, useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { buttonClass } from "../../parts/button.tsx";
import { countText, personText, shortDigest } from "../../parts/figures.ts";
import { Loaded, Skeleton } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { AggregationChip } from "../plans/page/plan-chip.tsx";
import { useChartSettings } from "./chart-settings.ts";
import { RunFacts } from "./facts.tsx";
import { GainCard } from "./gain-card.tsx";
import { MetricCard } from "./metric-card.tsx";
import { hasEnded, PhaseChip } from "./phase.tsx";
import { pointAtNothing } from "./pointed.ts";
import { allRounds } from "./secure/steps.ts";
import { useRecords } from "./secure/use-records.ts";
import { SpokenRounds } from "./spoken-rounds.tsx";
import { StopRun } from "./stop-run.tsx";
import { useRun, type RunNow } from "./use-run.ts";
import { PAGE_WORDS } from "./words/page.ts";

/** What lies below the first view, or is only opened on demand, comes in files of its own; its place is kept until then. */
const waiting = (height: number) => () => <div className="card" style={{ height }} aria-busy="true" />;
const TimelineCard = memo(dynamic(() => import("./timeline-card.tsx").then((module) => module.TimelineCard), { loading: waiting(420) }));
const SecureRoundCard = memo(
  dynamic(() => import("./secure/secure-card.tsx").then((module) => module.SecureRoundCard), { loading: waiting(420) }),
);
const PlainSawCard = memo(dynamic(() => import("./secure/saw-card.tsx").then((module) => module.PlainSawCard), { loading: waiting(200) }));
const SawCard = memo(dynamic(() => import("./secure/saw-card.tsx").then((module) => module.SawCard), { loading: waiting(420) }));
const SitesCard = memo(dynamic(() => import("./sites-card.tsx").then((module) => module.SitesCard), { loading: waiting(320) }));
const ComparisonCard = memo(
  dynamic(() => import("./comparison-card.tsx").then((module) => module.ComparisonCard), { loading: waiting(260) }),
);
const RoundsCard = memo(dynamic(() => import("./rounds-card.tsx").then((module) => module.RoundsCard), { loading: waiting(320) }));
const RefusalsCard = memo(dynamic(() => import("./refusals-card.tsx").then((module) => module.RefusalsCard), { loading: waiting(90) }));

/** Dialogs, which nobody opens before the page is there. */
const ShareRun = dynamic(() => import("../share/share-run.tsx").then((module) => module.ShareRun));
const SteerRun = dynamic(() => import("./steer-run.tsx").then((module) => module.SteerRun));
const ShiftCard = memo(dynamic(() => import("./shift/shift-card.tsx").then((module) => module.ShiftCard), { loading: () => null }));
const SummaryCard = memo(
  dynamic(() => import("./summary/summary-card.tsx").then((module) => module.SummaryCard), { loading: waiting(420) }),
);

export function RunPage({ run }: { readonly run: string }) {
  const words = useWords(PAGE_WORDS);
  const { query, now } = useRun(run);
  return (
    <Main bar={<TopBar crumbs={[{ text: words.runs, href: "/runs" }, { text: run }]} />}>
      {now.view === undefined && <h1>{run}</h1>}
      <Loaded query={query} rows={12}>
        {(detail) => (now.view === undefined ? <Skeleton rows={12} /> : <Run detail={detail} view={now.view} now={now} />)}
      </Loaded>
    </Main>
  );
}

function Run({ detail, view, now }: { readonly detail: RunDetail; readonly view: RunView; readonly now: RunNow }) {
  const words = useWords(PAGE_WORDS);
  const { plan } = detail;
  const [settings, setSettings] = useChartSettings(plan.metrics.names);
  const { metric } = settings;
  useEffect(() => pointAtNothing, []);
  // Long tables and many charts are drawn between the frames, so that none of them holds up what moves above.
  const deferred = useDeferredValue(now);
  const later = deferred.view ?? view;
  // Of what those show: a round that they do not have yet would empty them for a moment.
  const newest = allRounds(later).at(-1)?.round ?? 0;
  const { query: record, held, numbers } = useRecords(plan, view);
  // Undefined: whichever round is newest.
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const selected = chosen ?? newest;
  const latest = useRef(newest);
  latest.current = newest;
  const onSelect = useCallback((round: number) => setChosen(round === latest.current ? undefined : round), []);
  const rounds = { plan, view: later, selected, working: deferred.working, timed: deferred.timed, onSelect };
  return (
    <>
      <Head detail={detail} view={view} />
      {plan.aggregation.method === "plain" && <PlainBanner />}
      {view.end !== null && view.phase === "failed" && (
        <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
          <b className="font-semibold">{words.failed}</b> <span lang="en">{view.end.text}</span>{" "}
          {view.rounds.some((round) => round.checkpoint !== null) ? words.kept : words.noneKept} {words.startAnother}
        </Note>
      )}
      <Steered view={view} />
      {plan.summary !== undefined && <SummaryCard run={view.run} ready={view.phase === "finished"} />}
      <RunFacts plan={plan} base={detail.base} view={view} metric={metric} held={held} />
      {plan.summary === undefined && (
        <div className="cols items-stretch!">
          <div className="c8">
            <MetricCard run={view.run} plan={plan} view={view} settings={settings} onSettings={setSettings} />
          </div>
          <div className="c4">
            <GainCard plan={plan} view={view} metric={metric} />
          </div>
        </div>
      )}
      {numbers === null ? <TimelineCard {...rounds} /> : <SecureRoundCard {...rounds} />}
      {numbers === null ? (
        <PlainSawCard view={later} selected={selected} />
      ) : (
        <SawCard view={later} selected={selected} held={held} numbers={numbers} error={record.error} retry={() => void record.refetch()} />
      )}
      {plan.summary === undefined && (
        <>
          <SitesCard plan={plan} view={later} metric={metric} settings={settings} onSettings={setSettings} />
          <ShiftCard plan={plan} view={later} />
          <ComparisonCard plan={plan} view={later} metric={metric} />
        </>
      )}
      <RoundsCard view={later} metric={metric} plan={plan} />
      <RefusalsCard refusals={deferred.refusals} />
      <SpokenRounds view={view} metric={metric} />
    </>
  );
}

const Head = memo(function Head({ detail, view }: { readonly detail: RunDetail; readonly view: RunView }) {
  const words = useWords(PAGE_WORDS);
  const admin = useIsAdmin();
  const { plan, base, release } = detail;
  // A checkpoint is the trained vector: float32.
  const values = view.checkpoint.bytes / 4;
  const part = words.parts[plan.training.trainable.part];
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
          {words.under(`${base.name} ${base.version}`, part, countText(values))}{" "}
          <Link href={`/plans/${detail.planDigest}`}>
            {plan.name} v{plan.version}
          </Link>{" "}
          <span className="font-mono">{shortDigest(detail.planDigest)}</span> · {words.startedBy(personText(view.by))}
        </p>
      }
      actions={
        <>
          {release !== null && (
            <Link className={buttonClass({ kind: "primary" })} href={`/models/${release.id}`}>
              {words.openRelease}
            </Link>
          )}
          <ShareRun run={view.run} />
          {admin && !hasEnded(view.phase) && <SteerRun view={view} />}
          {admin && !hasEnded(view.phase) && <StopRun run={view.run} />}
        </>
      }
    />
  );
});

/** What somebody did to the run, while it holds. */
function Steered({ view: { paused, leftOut, end } }: { readonly view: RunView }) {
  const words = useWords(PAGE_WORDS);
  if (end !== null) return null;
  return (
    <>
      {paused !== null && (
        <Note tone="warn" icon={<CirclePause size={16} aria-hidden />}>
          <b className="font-semibold">{words.pausedBy(personText(paused.by))}</b> <span lang="en">{paused.text}</span>
        </Note>
      )}
      {leftOut.length > 0 && (
        <Note icon={<UserX size={16} aria-hidden />}>{leftOut.map(({ site, by }) => words.leftOut(site, personText(by))).join(" ")}</Note>
      )}
    </>
  );
}

/** Cannot be dismissed: it is true for as long as the run is. */
function PlainBanner() {
  const words = useWords(PAGE_WORDS);
  return (
    <Note tone="bad" edge icon={<Eye size={16} aria-hidden />}>
      <b className="font-semibold">{words.plain}</b> {words.plainMeans}
    </Note>
  );
}
