"use client";
import { useQuery } from "@tanstack/react-query";
import type { SiteView } from "@engraft/coordinator/api/views";
import Link from "next/link";
import { useMemo, useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Card, PageHead } from "../../parts/card.tsx";
import { whenText } from "../../parts/figures.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { needsSomebody } from "./causes.ts";
import { InviteButton } from "./invite-button.tsx";
import { InvitesCard } from "./invites-card.tsx";
import { SitesTable } from "./sites-table.tsx";
import { UptimeLegend } from "./uptime-bar.tsx";
import { SITES } from "./words.ts";

export function SitesPage() {
  const trpc = useTRPC();
  const words = useWords(SITES);
  const admin = useIsAdmin();
  const sites = useQuery(trpc.sites.list.queryOptions());
  const list = sites.data ?? [];
  return (
    <Main bar={<TopBar crumbs={[{ text: words.title }]} />}>
      <PageHead
        title={words.title}
        under={
          sites.data === undefined
            ? words.under
            : list.length === 0
              ? words.nobody
              : words.summary(list.filter(({ online }) => online).length, list.length, list.filter(needsSomebody).length)
        }
        actions={admin && <InviteButton sites={list} />}
      />
      <section className="card" aria-label={words.tableName}>
        <Loaded query={sites} rows={6}>
          {(all) =>
            all.length === 0 ? (
              <Empty title={words.emptyTitle} action={admin && <InviteButton sites={all} />}>
                {admin ? words.emptyAdmin : words.emptyOther}
              </Empty>
            ) : (
              <Chosen sites={all} />
            )
          }
        </Loaded>
      </section>
      {admin && <InvitesCard />}
      <FormerCard />
    </Main>
  );
}

const fits = (site: SiteView, wanted: string): boolean =>
  [site.name, site.version, site.engine].some((text) => text?.toLowerCase().includes(wanted) === true);

/** The table, less what is not searched for. */
function Chosen({ sites }: { readonly sites: readonly SiteView[] }) {
  const words = useWords(SITES);
  const [wanted, setWanted] = useState("");
  const [show, setShow] = useState<"all" | "needy">("all");
  const needy = useMemo(() => sites.filter(needsSomebody), [sites]);
  const shown = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    const from = show === "needy" ? needy : sites;
    return text === "" ? from : from.filter((site) => fits(site, text));
  }, [sites, needy, show, wanted]);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2.5">
        <Segmented
          label={words.show}
          value={show}
          onChange={setShow}
          options={[
            { value: "all", text: words.all(sites.length) },
            { value: "needy", text: words.needy(needy.length) },
          ]}
        />
        <input
          type="search"
          className="input w-56"
          aria-label={words.search}
          placeholder={words.searchHint}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <div className="ml-auto">
          <UptimeLegend />
        </div>
      </div>
      {shown.length === 0 ? (
        <p className="px-4 py-4 text-fg-2" role="status">
          {words.none}
        </p>
      ) : (
        <SitesTable sites={shown} />
      )}
    </>
  );
}

function FormerCard() {
  const trpc = useTRPC();
  const words = useWords(SITES);
  const now = useNow();
  const former = useQuery(trpc.sites.former.queryOptions());
  if (former.data === undefined || former.data.length === 0) return null;
  return (
    <Card title={words.gone} aside={former.data.length}>
      <ul className="list tight">
        {former.data.map(({ name, at, how }) => (
          <li key={name} className="flex flex-wrap items-center gap-x-3">
            <Link className="w-32 font-medium" href={`/sites/${name}`}>
              {name}
            </Link>
            <span className="text-12 text-fg-2">{how === "left" ? words.left(whenText(at, now)) : words.removed(whenText(at, now))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
