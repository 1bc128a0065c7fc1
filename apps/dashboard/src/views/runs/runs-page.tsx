"use client";
import type { RunSummary } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import Link from "next/link";
import { useMemo } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { lengthText, METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { Sparkline } from "../../parts/sparkline.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { hasEnded, PhaseChip } from "./phase.tsx";
import { LIST_WORDS } from "./words/page.ts";

const column = createColumnHelper<RunSummary>();

function Took({ run }: { readonly run: RunSummary }) {
  const now = useNow();
  return lengthText((run.endedAt ?? now) - run.createdAt);
}

type Words = (typeof LIST_WORDS)["en"];

const columnsIn = (words: Words) => [
  column.accessor("run", {
    header: words.run,
    meta: { rowHeader: true, nowrap: true },
    cell: ({ row: { original: run } }) => (
      <Link className="text-fg" href={`/runs/${run.run}`}>
        {run.run}
      </Link>
    ),
  }),
  column.accessor("phase", {
    header: words.state,
    cell: ({ row: { original: run } }) => (
      <div>
        <PhaseChip phase={run.phase} />
        {run.phase === "failed" && run.endText !== null && (
          <div lang="en" className="mt-1 max-w-[42ch] text-12 text-fg-2">
            {run.endText}
          </div>
        )}
      </div>
    ),
  }),
  column.display({
    id: "plan",
    header: words.plan,
    meta: { nowrap: true },
    cell: ({ row: { original: run } }) => (
      <Link href={`/plans/${run.plan.digest}`}>
        {run.plan.name} v{run.plan.version}
      </Link>
    ),
  }),
  column.display({
    id: "round",
    header: words.round,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => words.of(run.round, run.rounds),
  }),
  column.display({
    id: "in",
    header: words.sitesIn,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => words.of(run.in, run.cohort),
  }),
  column.display({
    id: "metric",
    header: words.heldOut,
    meta: { nowrap: true },
    cell: ({ row: { original: run } }) => {
      const last = run.metric?.values.at(-1);
      if (run.metric === null || last === undefined) return <span className="text-fg-3">{words.noneYet}</span>;
      return (
        <span className="flex items-center gap-3">
          <span className="w-28 tabular-nums">
            {METRIC_TITLES[run.metric.name]} <b className="font-semibold">{metricText(last)}</b>
          </span>
          <Sparkline values={run.metric.values} width={96} height={22} />
        </span>
      );
    },
  }),
  column.accessor("createdAt", { header: words.started, meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.display({
    id: "took",
    header: words.took,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => <Took run={run} />,
  }),
];

export function RunsPage() {
  const words = useWords(LIST_WORDS);
  const columns = useMemo(() => columnsIn(words), [words]);
  const trpc = useTRPC();
  const runs = useQuery(trpc.runs.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.title }]} />}>
      <PageHead
        title={words.title}
        under={runs.data === undefined ? words.what : summary(runs.data, words)}
        actions={
          (runs.data?.length ?? 0) > 1 && (
            <Link className={buttonClass()} href="/runs/compare">
              {words.compare}
            </Link>
          )
        }
      />
      <section className="card" aria-label={words.title}>
        <Loaded query={runs} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty
                title={words.empty}
                action={
                  <Link className={buttonClass({ kind: "primary" })} href="/plans">
                    {words.openPlans}
                  </Link>
                }
              >
                {words.emptyMeans}
              </Empty>
            ) : (
              <DataTable
                caption={words.title}
                rows={list}
                columns={columns}
                rowKey={(run) => run.run}
                sortBy={[{ id: "createdAt", desc: true }]}
              />
            )
          }
        </Loaded>
      </section>
    </Main>
  );
}

function summary(runs: readonly RunSummary[], words: Words): string {
  const live = runs.filter((run) => !hasEnded(run.phase)).length;
  return `${words.summary(runs.length, live)}${runs.some(({ aggregation }) => aggregation === "plain") ? words.plain : ""}`;
}
