"use client";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import Link from "next/link";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Loaded } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { LatelyCard, NeedsCard, ReleasesCard, SitesCard } from "./home-cards.tsx";
import { RunningCard } from "./running-card.tsx";
import { homeWords } from "./words.ts";

export function HomePage() {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const words = useWords(homeWords);
  const home = useQuery(trpc.home.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.title }]} />}>
      <PageHead
        title={words.title}
        under={home.data === undefined ? words.under : `${words.needing(home.data.needs.length)} ${words.moving(home.data.running.length)}`}
        actions={
          admin && (
            <Link className={buttonClass({ kind: "primary" })} href="/plans/new">
              <Plus size={14} aria-hidden />
              {words.writePlan}
            </Link>
          )
        }
      />
      <Loaded query={home} rows={8}>
        {(data) => (
          <div className="cols">
            <div className="c8 stack">
              <NeedsCard needs={data.needs} />
              <RunningCard running={data.running} sites={data.sites} />
              <LatelyCard recent={data.recent} />
            </div>
            <div className="c4 stack">
              <SitesCard sites={data.sites} />
              <ReleasesCard releases={data.releases} />
            </div>
          </div>
        )}
      </Loaded>
    </Main>
  );
}
