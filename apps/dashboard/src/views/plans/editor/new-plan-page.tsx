"use client";
import type { BaseView, PlanSummary, SiteView } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useTRPC } from "../../../api/trpc.ts";
import { PageHead } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { CodeLine } from "../../../parts/copy.tsx";
import { Empty, Failed, Loaded, Skeleton } from "../../../parts/states.tsx";
import { TopBar } from "../../../shell/crumbs.tsx";
import { useIsAdmin } from "../../../shell/session.tsx";
import { Main } from "../../../shell/shell.tsx";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";

/** The form judges a plan as it is written, with the schema; both come while its start values are asked for. */
const PlanEditor = dynamic(() => import("./plan-editor.tsx").then((module) => module.PlanEditor), { loading: () => <Skeleton rows={8} /> });

/** `from`: digest of the plan whose values are the start. */
export function NewPlanPage({ from }: { readonly from: string | undefined }) {
  const words = useWords(formWords);
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const bases = useQuery(trpc.bases.list.queryOptions());
  const plans = useQuery(trpc.plans.list.queryOptions());
  const sites = useQuery(trpc.sites.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.plans, href: "/plans" }, { text: words.writePlan }]} />}>
      <PageHead title={words.writePlan} under={words.pureDataNoCodeEachSite} />
      {!admin ? (
        <Note tone="info">{words.onlyAnAdminMayProposeA}</Note>
      ) : (
        <Loaded query={bases} rows={8}>
          {(list) =>
            list.length === 0 ? (
              <NoBase />
            ) : (
              <Loaded query={plans}>
                {(known) => (
                  <Loaded query={sites}>{(enrolled) => <StartValues bases={list} plans={known} sites={enrolled} from={from} />}</Loaded>
                )}
              </Loaded>
            )
          }
        </Loaded>
      )}
    </Main>
  );
}

function NoBase() {
  const words = useWords(formWords);
  return (
    <section className="card" aria-label={words.baseModels}>
      <Empty title={words.noBaseModelYet}>{words.aPlanFineTunesABase}</Empty>
      <div className="mx-auto max-w-[560px] px-4 pb-6">
        <CodeLine code="engraft-coordinator base import FOLDER" what={words.commandToRegisterABaseModel} />
      </div>
    </section>
  );
}

/** The named plan gives the start values; else the newest one there is, with secure aggregation over all sites. */
function StartValues({
  bases,
  plans,
  sites,
  from,
}: {
  readonly bases: readonly BaseView[];
  readonly plans: readonly PlanSummary[];
  readonly sites: readonly SiteView[];
  readonly from: string | undefined;
}) {
  const trpc = useTRPC();
  const newest = plans.toSorted((a, b) => b.proposedAt - a.proposedAt)[0];
  const digest = from ?? newest?.digest;
  const start = useQuery({ ...trpc.plans.get.queryOptions({ digest: digest ?? "" }), enabled: digest !== undefined, staleTime: Infinity });
  const known = { bases, plans, sites, from };
  if (digest === undefined) return <PlanEditor {...known} start={undefined} />;
  if (start.data !== undefined) return <PlanEditor {...known} start={start.data.plan} />;
  return start.error === null ? <Skeleton rows={8} /> : <Failed error={start.error} retry={() => void start.refetch()} />;
}
