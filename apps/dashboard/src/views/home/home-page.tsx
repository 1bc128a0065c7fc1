"use client";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import Link from "next/link";
import type { HomeView } from "@engraft/coordinator/api/views";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { plural } from "../../parts/figures.ts";
import { Loaded } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { LatelyCard, NeedsCard, ReleasesCard, SitesCard } from "./home-cards.tsx";
import { RunningCard } from "./running-card.tsx";

export function HomePage() {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const home = useQuery(trpc.home.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Home" }]} />}>
      <PageHead
        title="Home"
        under={home.data === undefined ? "What needs somebody, and what moves on its own." : summary(home.data)}
        actions={
          admin && (
            <Link className={buttonClass({ kind: "primary" })} href="/plans/new">
              <Plus size={14} aria-hidden />
              Write plan
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

function summary(home: HomeView): string {
  const needs =
    home.needs.length === 0
      ? "Nothing needs somebody."
      : home.needs.length === 1
        ? "1 thing needs somebody."
        : `${home.needs.length} things need somebody.`;
  const moving =
    home.running.length === 0
      ? "No run is under way."
      : `${plural(home.running.length, "run is", "runs are")} moving on ${home.running.length === 1 ? "its" : "their"} own.`;
  return `${needs} ${moving}`;
}
