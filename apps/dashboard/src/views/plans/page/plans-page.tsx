"use client";
import type { PlanSummary } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Plus } from "lucide-react";
import Link from "next/link";
import { useMemo } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { buttonClass } from "../../../parts/button.tsx";
import { PageHead } from "../../../parts/card.tsx";
import { DataTable } from "../../../parts/data-table.tsx";
import { personText } from "../../../parts/figures.ts";
import { Empty, Loaded } from "../../../parts/states.tsx";
import { When } from "../../../parts/time.tsx";
import { TopBar } from "../../../shell/crumbs.tsx";
import { useIsAdmin } from "../../../shell/session.tsx";
import { Main } from "../../../shell/shell.tsx";
import { useWords } from "../../../words/language.ts";
import { PlanChip } from "./plan-chip.tsx";
import { planWords, type PlanWords } from "../words.ts";

const column = createColumnHelper<PlanSummary>();

const columnsIn = ({ columns, approvedOf }: PlanWords) => [
  column.accessor("name", {
    header: columns.plan,
    meta: { rowHeader: true, nowrap: true },
    cell: ({ row: { original: plan } }) => (
      <Link className="text-fg" href={`/plans/${plan.digest}`}>
        {plan.name} v{plan.version}
      </Link>
    ),
  }),
  column.display({ id: "state", header: columns.state, cell: ({ row: { original: plan } }) => <PlanChip plan={plan} /> }),
  column.accessor("approved", {
    header: columns.approvals,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: plan } }) => approvedOf(plan.approved, plan.sites, plan.needed),
  }),
  column.accessor("refused", {
    header: columns.refused,
    meta: { figures: true },
    cell: ({ getValue }) => (getValue() > 0 ? <span className="font-medium text-bad">{getValue()}</span> : "0"),
  }),
  column.accessor("runs", { header: columns.runs, meta: { figures: true } }),
  column.accessor("proposedAt", { header: columns.proposed, meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.accessor("by", { header: columns.by, cell: ({ getValue }) => personText(getValue()) }),
];

export function PlansPage() {
  const words = useWords(planWords);
  const columns = useMemo(() => columnsIn(words), [words]);
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const plans = useQuery(trpc.plans.list.queryOptions());
  const write = (
    <Link className={buttonClass({ kind: "primary" })} href="/plans/new">
      <Plus size={14} aria-hidden />
      {words.writePlan}
    </Link>
  );
  return (
    <Main bar={<TopBar crumbs={[{ text: words.plans }]} />}>
      <PageHead title={words.plans} under={plans.data === undefined ? words.under : summary(plans.data, words)} actions={admin && write} />
      <section className="card" aria-label={words.plans}>
        <Loaded query={plans} rows={5}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={words.noPlan} action={admin && write}>
                {words.noPlanWhy}
              </Empty>
            ) : (
              <DataTable
                caption={words.plans}
                rows={list}
                columns={columns}
                rowKey={(plan) => plan.digest}
                muted={(plan) => plan.withdrawn}
                sortBy={[{ id: "proposedAt", desc: true }]}
              />
            )
          }
        </Loaded>
      </section>
    </Main>
  );
}

function summary(plans: readonly PlanSummary[], words: PlanWords): string {
  const waiting = plans.filter((plan) => !plan.withdrawn && plan.approved < plan.needed).length;
  if (plans.length === 0) return words.nothingProposed;
  return waiting === 0 ? words.noneWaits(plans.length) : words.someWait(waiting, plans.length);
}
