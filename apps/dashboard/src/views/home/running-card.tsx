"use client";
import type { ProgressView, RunSummary, SiteView } from "@engraft/coordinator/api/views";
import { Eye } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { useLiveItems } from "../../api/live.tsx";
import { buttonClass } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { countdownText, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { Sparkline } from "../../parts/sparkline.tsx";
import { Empty } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { PHASE_CHIPS } from "../runs/phase.tsx";
import { homeWords } from "./words.ts";

const STEPS = [
  { phase: "wait", color: "--ph-wait" },
  { phase: "download", color: "--ph-download" },
  { phase: "train", color: "--ph-train" },
  { phase: "evaluate", color: "--ph-evaluate" },
  { phase: "upload", color: "--ph-upload" },
] as const;

/** What each site does now: what the coordinator knew when asked, then what has come in live. */
function useWorking(sites: readonly SiteView[]): readonly ProgressView[] {
  const [live, setLive] = useState<ReadonlyMap<string, ProgressView>>(new Map());
  useLiveItems((item) => {
    if (item.kind === "progress") setLive((before) => new Map(before).set(item.progress.site, item.progress));
  });
  return sites.flatMap((site) => {
    const newest = [site.working, live.get(site.name) ?? null].filter((progress) => progress !== null).toSorted((a, b) => b.at - a.at)[0];
    return newest === undefined || !site.online ? [] : [newest];
  });
}

export function RunningCard({ running, sites }: { readonly running: readonly RunSummary[]; readonly sites: readonly SiteView[] }) {
  const words = useWords(homeWords);
  const working = useWorking(sites);
  const now = useNow();
  const late = running.filter((run) => run.deadline !== null && run.deadline < now).length;
  return (
    <Card
      title={words.running}
      aside={running.length > 0 && words.onTime(running.length - late, running.length)}
      end={
        <Link className="text-12 font-medium" href="/runs">
          {words.allRuns}
        </Link>
      }
    >
      {running.length === 0 ? (
        <Empty
          title={words.noRun}
          action={
            <Link className={buttonClass()} href="/plans">
              {words.openPlans}
            </Link>
          }
        >
          {words.noRunWhy}
        </Empty>
      ) : (
        <ul className="list">
          {running.map((run) => (
            <li key={run.run}>
              <Running run={run} working={working.filter((progress) => progress.run === run.run && progress.round >= run.round)} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Running({ run, working }: { readonly run: RunSummary; readonly working: readonly ProgressView[] }) {
  const now = useNow();
  const words = useWords(homeWords);
  const phase = PHASE_CHIPS[run.phase];
  const last = run.metric?.values.at(-1);
  return (
    <>
      <div className="mb-2.5 flex flex-wrap items-center justify-between gap-2">
        <div className="flex flex-wrap items-center gap-2">
          <Link className="text-14 font-semibold text-fg" href={`/runs/${run.run}`}>
            {run.run}
          </Link>
          <Chip tone={phase.tone}>{phase.text}</Chip>
          {run.aggregation === "plain" && (
            <Chip tone="bad" icon={<Eye aria-hidden />}>
              {words.plain}
            </Chip>
          )}
        </div>
        <div className="flex flex-wrap gap-x-4 tabular-nums">
          <span>
            <b className="font-semibold">{words.round(run.round)}</b> <span className="text-fg-2">{words.of(run.rounds)}</span>
          </span>
          <span>
            <b className="font-semibold">{run.in}</b> <span className="text-fg-2">{words.ofIn(run.cohort)}</span>
          </span>
          {run.deadline !== null && (
            <span className="whitespace-nowrap">
              {words.closesIn} <b className="font-semibold">{countdownText(run.deadline - now)}</b>
            </span>
          )}
        </div>
      </div>
      <div className="flex items-start gap-5">
        <ul className="phases min-w-0 flex-1" aria-label={words.whereSites(run.run)}>
          {STEPS.map((step) => {
            const here = working.filter((progress) => progress.phase === step.phase);
            return (
              <li
                key={step.phase}
                className={here.length > 0 ? "has" : undefined}
                style={here.length > 0 ? { borderColor: `var(${step.color})` } : undefined}
              >
                <b>{words.steps[step.phase]}</b>
                <span className="ell block">{namesText(here, words)}</span>
              </li>
            );
          })}
          <li className={run.in > 0 ? "has" : undefined} style={run.in > 0 ? { borderColor: "var(--ph-train)" } : undefined}>
            <b>{words.steps.in}</b>
            <span className="ell block">{run.in > 0 ? words.inOf(run.in, run.cohort) : "–"}</span>
          </li>
        </ul>
        {run.metric !== null && last !== undefined && (
          <div className="desk w-44">
            <div className="flex justify-between">
              <span className="text-12 text-fg-2">{METRIC_TITLES[run.metric.name]}</span>
              <b className="font-semibold tabular-nums">{metricText(last)}</b>
            </div>
            <Sparkline values={run.metric.values} />
          </div>
        )}
      </div>
    </>
  );
}

/** Names where they fit, with how far one alone has come; more are counted. */
function namesText(here: readonly ProgressView[], words: typeof homeWords.en): string {
  const [first] = here;
  if (first === undefined) return "–";
  if (here.length === 1 && first.total > 0 && first.done > 0) return `${first.site}, ${Math.round((100 * first.done) / first.total)} %`;
  const names = here.map((progress) => progress.site).join(", ");
  return names.length <= 18 ? names : words.siteCount(here.length);
}
