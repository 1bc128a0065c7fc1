"use client";
import type { RunSummary } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import Link from "next/link";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { lengthText, METRIC_TITLES, metricText, plural } from "../../parts/figures.ts";
import { Sparkline } from "../../parts/sparkline.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { hasEnded, PhaseChip } from "./phase.tsx";

const column = createColumnHelper<RunSummary>();

function Took({ run }: { readonly run: RunSummary }) {
  const now = useNow();
  return lengthText((run.endedAt ?? now) - run.createdAt);
}

const COLUMNS = [
  column.accessor("run", {
    header: "Run",
    meta: { rowHeader: true, nowrap: true },
    cell: ({ row: { original: run } }) => (
      <Link className="text-fg" href={`/runs/${run.run}`}>
        {run.run}
      </Link>
    ),
  }),
  column.accessor("phase", {
    header: "State",
    cell: ({ row: { original: run } }) => (
      <div>
        <PhaseChip phase={run.phase} />
        {run.phase === "failed" && run.endText !== null && <div className="mt-1 max-w-[42ch] text-12 text-fg-2">{run.endText}</div>}
      </div>
    ),
  }),
  column.display({
    id: "plan",
    header: "Plan",
    meta: { nowrap: true },
    cell: ({ row: { original: run } }) => (
      <Link href={`/plans/${run.plan.digest}`}>
        {run.plan.name} v{run.plan.version}
      </Link>
    ),
  }),
  column.display({
    id: "round",
    header: "Round",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => `${run.round} of ${run.rounds}`,
  }),
  column.display({
    id: "in",
    header: "Sites in",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => `${run.in} of ${run.cohort}`,
  }),
  column.display({
    id: "metric",
    header: "Held-out patients",
    meta: { nowrap: true },
    cell: ({ row: { original: run } }) => {
      const last = run.metric?.values.at(-1);
      if (run.metric === null || last === undefined) return <span className="text-fg-3">none yet</span>;
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
  column.accessor("createdAt", { header: "Started", meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.display({
    id: "took",
    header: "Took",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: run } }) => <Took run={run} />,
  }),
];

export function RunsPage() {
  const trpc = useTRPC();
  const runs = useQuery(trpc.runs.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Runs" }]} />}>
      <PageHead title="Runs" under={runs.data === undefined ? "Each run carries out one plan, round by round." : summary(runs.data)} />
      <section className="card" aria-label="Runs">
        <Loaded query={runs} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty
                title="No run yet"
                action={
                  <Link className={buttonClass({ kind: "primary" })} href="/plans">
                    Open plans
                  </Link>
                }
              >
                A run needs one plan that enough sites have approved. It is started on the plan’s page.
              </Empty>
            ) : (
              <DataTable
                caption="Runs"
                rows={list}
                columns={COLUMNS}
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

function summary(runs: readonly RunSummary[]): string {
  const live = runs.filter((run) => !hasEnded(run.phase)).length;
  return `${plural(runs.length, "run")}, ${live === 0 ? "none under way" : `${live} under way`}.${runs.some(({ aggregation }) => aggregation === "plain") ? " Plain aggregation: the coordinator can read each update." : ""}`;
}
