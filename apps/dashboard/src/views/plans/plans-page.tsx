"use client";
import type { PlanSummary } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Plus } from "lucide-react";
import Link from "next/link";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { personText, plural } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { PlanChip } from "./plan-chip.tsx";

const column = createColumnHelper<PlanSummary>();

const COLUMNS = [
  column.accessor("name", {
    header: "Plan",
    meta: { rowHeader: true, nowrap: true },
    cell: ({ row: { original: plan } }) => (
      <Link className="text-fg" href={`/plans/${plan.digest}`}>
        {plan.name} v{plan.version}
      </Link>
    ),
  }),
  column.display({ id: "state", header: "State", cell: ({ row: { original: plan } }) => <PlanChip plan={plan} /> }),
  column.accessor("approved", {
    header: "Approvals",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: plan } }) => `${plan.approved} of ${plan.sites}, ${plan.needed} needed`,
  }),
  column.accessor("refused", {
    header: "Refused",
    meta: { figures: true },
    cell: ({ getValue }) => (getValue() > 0 ? <span className="font-medium text-bad">{getValue()}</span> : "0"),
  }),
  column.accessor("runs", { header: "Runs", meta: { figures: true } }),
  column.accessor("proposedAt", { header: "Proposed", meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.accessor("by", { header: "By", cell: ({ getValue }) => personText(getValue()) }),
];

export function PlansPage() {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const plans = useQuery(trpc.plans.list.queryOptions());
  const write = (
    <Link className={buttonClass({ kind: "primary" })} href="/plans/new">
      <Plus size={14} aria-hidden />
      Write plan
    </Link>
  );
  return (
    <Main bar={<TopBar crumbs={[{ text: "Plans" }]} />}>
      <PageHead
        title="Plans"
        under={plans.data === undefined ? "What may be trained, on what, and what may leave a site." : summary(plans.data)}
        actions={admin && write}
      />
      <section className="card" aria-label="Plans">
        <Loaded query={plans} rows={5}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No plan yet" action={admin && write}>
                A plan says what is trained on which fields and what may leave a site. Each site approves it before anything happens.
              </Empty>
            ) : (
              <DataTable
                caption="Plans"
                rows={list}
                columns={COLUMNS}
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

function summary(plans: readonly PlanSummary[]): string {
  const waiting = plans.filter((plan) => !plan.withdrawn && plan.approved < plan.needed).length;
  if (plans.length === 0) return "Nothing has been proposed yet.";
  return waiting === 0
    ? `${plural(plans.length, "plan")}; none waits for an approval it needs.`
    : `${waiting} of ${plural(plans.length, "plan")} ${waiting === 1 ? "waits" : "wait"} for approvals.`;
}
