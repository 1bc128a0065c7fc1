"use client";
import { useQuery } from "@tanstack/react-query";
import type { SiteView } from "@engraft/coordinator/api/views";
import { useTRPC } from "../../api/trpc.ts";
import { PageHead } from "../../parts/card.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { InvitesCard } from "./invites-card.tsx";
import { SitesTable } from "./sites-table.tsx";

export function SitesPage() {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const sites = useQuery(trpc.sites.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Sites" }]} />}>
      <PageHead
        title="Sites"
        under={sites.data === undefined ? "Hospitals of this federation." : summary(sites.data)}
        actions={admin && <InviteDialog sites={sites.data ?? []} />}
      />
      <section className="card" aria-label="Sites of this federation">
        <Loaded query={sites} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty title="No site yet" action={admin && <InviteDialog sites={list} />}>
                {admin
                  ? "Invite a hospital: it joins with one command, and its key is born there."
                  : "An admin invites hospitals; they appear here once they have joined."}
              </Empty>
            ) : (
              <SitesTable sites={list} />
            )
          }
        </Loaded>
      </section>
      {admin && <InvitesCard />}
    </Main>
  );
}

function summary(sites: readonly SiteView[]): string {
  if (sites.length === 0) return "Nobody has joined yet.";
  const offline = sites.filter((site) => !site.online).length;
  return `${sites.length - offline} of ${sites.length} online.${offline === 0 ? "" : ` ${offline} ${offline === 1 ? "needs its" : "need their"} hospital IT.`}`;
}
