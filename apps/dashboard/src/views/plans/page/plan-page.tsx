"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, Play } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { Button, buttonClass } from "../../../parts/button.tsx";
import { PageHead } from "../../../parts/card.tsx";
import { Confirm } from "../../../parts/dialog.tsx";
import { listed, personText } from "../../../parts/figures.ts";
import { Loaded, Refused } from "../../../parts/states.tsx";
import { When } from "../../../parts/time.tsx";
import { TopBar } from "../../../shell/crumbs.tsx";
import { useIsAdmin } from "../../../shell/session.tsx";
import { Main } from "../../../shell/shell.tsx";
import { useWords } from "../../../words/language.ts";
import { ApprovalsCard } from "./approvals-card.tsx";
import { readyFor } from "./approval-state.ts";
import { DirectoryCard } from "./directory-card.tsx";
import { EstimateCard } from "../estimate/estimate-card.tsx";
import { LeavesCard } from "./leaves-card.tsx";
import { ProbeCard } from "./probe-card.tsx";
import { WordsCard } from "./plan-cards.tsx";
import { AggregationChip, PlanChip } from "./plan-chip.tsx";
import { BeforeRunCard, DigestCard } from "./plan-context.tsx";
import { planWords } from "../words.ts";
import { DiffCard } from "../versions/diff-card.tsx";

export function PlanPage({ digest }: { readonly digest: string }) {
  const words = useWords(planWords);
  const trpc = useTRPC();
  const query = useQuery(trpc.plans.get.queryOptions({ digest }));
  const title = query.data === undefined ? words.plan : `${query.data.name} v${query.data.version}`;
  useEffect(() => {
    if (query.data !== undefined) document.title = `${title} · Engraft`;
  }, [query.data, title]);
  return (
    <Main bar={<TopBar crumbs={[{ text: words.plans, href: "/plans" }, { text: title }]} />}>
      {query.data === undefined && <h1 className="sr-only">{words.plan}</h1>}
      <Loaded query={query} rows={10}>
        {(plan) => <Review plan={plan} />}
      </Loaded>
    </Main>
  );
}

function Review({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords);
  const admin = useIsAdmin();
  return (
    <>
      <PageHead
        title={`${plan.name} v${plan.version}`}
        chips={
          <>
            <PlanChip plan={plan} />
            <AggregationChip method={plan.plan.aggregation.method} />
          </>
        }
        under={
          <>
            {words.proposed} <When at={plan.proposedAt} /> {words.proposedBy(personText(plan.by))}
            {plan.changes !== null && words.follows(plan.changes.since)}
            {plan.runIds.length > 0 && (
              <>
                . {words.runs(plan.runIds.length)}{" "}
                {plan.runIds.map((run, index) => (
                  <span key={run}>
                    {index > 0 && ", "}
                    <Link href={`/runs/${run}`}>{run}</Link>
                  </span>
                ))}
              </>
            )}
            .
          </>
        }
        actions={
          admin && (
            <>
              {!plan.withdrawn && <Withdraw plan={plan} />}
              <Link className={buttonClass()} href={`/plans/new?from=${plan.digest}`}>
                <Copy size={14} aria-hidden />
                {words.writeNext}
              </Link>
            </>
          )
        }
      />
      {admin && <StartRun plan={plan} />}
      <div className="cols">
        <div className="c8 stack">
          <WordsCard plan={plan} />
          <DiffCard plan={plan} />
          <LeavesCard plan={plan} />
          <EstimateCard plan={plan.plan} base={plan.base} sites={plan.approvals.map(({ site }) => site)} />
          <ProbeCard plan={plan} />
        </div>
        <div className="c4 stack">
          <DirectoryCard plan={plan} />
          <ApprovalsCard plan={plan} />
          <DigestCard plan={plan} />
          <BeforeRunCard plan={plan} />
        </div>
      </div>
    </>
  );
}

/** The one step that this page leads to; where it cannot be taken the reason stands beside it. */
function StartRun({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords);
  const trpc = useTRPC();
  const router = useRouter();
  const start = useMutation(trpc.runs.start.mutationOptions({ onSuccess: ({ run }) => router.push(`/runs/${run}`) }));
  const reason =
    plan.cannotStart === null
      ? words.takePart(listed(readyFor(plan), words.and))
      : words.cannotStart[plan.cannotStart.why](plan, plan.cannotStart.of);
  return (
    <div className="grid gap-3">
      <div className="card flex flex-wrap items-center gap-3 px-4 py-3">
        <Button
          kind="primary"
          busy={start.isPending && words.starting}
          blocked={plan.cannotStart !== null}
          aria-describedby="start-reason"
          onClick={() => start.mutate({ plan: plan.digest })}
        >
          <Play size={14} aria-hidden />
          {words.startRun}
        </Button>
        <p id="start-reason" className={`min-w-0 flex-1 basis-60 ${plan.cannotStart === null ? "text-fg-2" : "text-warn"}`}>
          {reason}
        </p>
      </div>
      {start.error !== null && <Refused what={words.notStarted} error={start.error} />}
    </div>
  );
}

function Withdraw({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords).withdraw;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const withdraw = useMutation(
    trpc.plans.withdraw.mutationOptions({
      onSuccess: async () => {
        setOpen(false);
        await queryClient.invalidateQueries({ queryKey: trpc.plans.pathKey() });
      },
    }),
  );
  return (
    <Confirm
      open={open}
      onOpenChange={setOpen}
      title={words.title(`${plan.name} v${plan.version}`)}
      action={words.action}
      keep={words.keep}
      busy={withdraw.isPending && words.busy}
      onConfirm={() => withdraw.mutate({ digest: plan.digest })}
      trigger={<Button>{words.action}</Button>}
    >
      <p>{words.what}</p>
      <p className="text-fg-2">{words.stays}</p>
      {withdraw.error !== null && <Refused what={words.failed} error={withdraw.error} />}
    </Confirm>
  );
}
