"use client";
import type { SiteDetail } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useState } from "react";
import { troubleOf } from "../../api/trouble.ts";
import { useTRPC } from "../../api/trpc.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { whenText } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { CauseCard } from "./cause-card.tsx";
import { CauseTitle } from "./sites-cause.tsx";
import { DataCard, FactsStrip, KeysCard, RecentCard, UptimeCard, WayCard } from "./site-cards.tsx";
import { SITE } from "./site-words.ts";

/** Both are fetched when they are needed: one holds all words of doctor's codes, the other a dialog that few ever open. */
const DoctorCard = dynamic(() => import("./doctor-card.tsx").then((module) => module.DoctorCard), { ssr: false });
const RemoveDialog = dynamic(() => import("./remove-dialog.tsx").then((module) => module.RemoveDialog), { ssr: false });

export function SitePage({ name }: { readonly name: string }) {
  const trpc = useTRPC();
  const words = useWords(SITE);
  const detail = useQuery({ ...trpc.sites.get.queryOptions({ site: name }), refetchInterval: 60_000 });
  const trouble = detail.error === null ? undefined : troubleOf(detail.error);
  // What is no name at all is refused as such.
  const missing = trouble?.kind === "missing" || trouble?.code === "bad-input";
  return (
    <Main bar={<TopBar crumbs={[{ text: words.sites, href: "/sites" }, { text: name }]} />}>
      {missing ? (
        <NoSite name={name} />
      ) : (
        <Loaded query={detail} rows={10}>
          {(data) => <Site detail={data} />}
        </Loaded>
      )}
    </Main>
  );
}

function NoSite({ name }: { readonly name: string }) {
  const words = useWords(SITE);
  return (
    <section className="card" aria-label={name}>
      <h1 className="sr-only">{name}</h1>
      <Empty
        title={words.noSuch}
        action={
          <Link className={buttonClass()} href="/sites">
            {words.allSites}
          </Link>
        }
      >
        {words.noSuchText}
      </Empty>
    </section>
  );
}

function Site({ detail }: { readonly detail: SiteDetail }) {
  const words = useWords(SITE);
  const now = useNow();
  const { site, gone } = detail;
  return (
    <>
      <PageHead
        title={site.name}
        chips={gone === null ? <CauseTitle site={site} /> : <Chip>{gone.how === "left" ? words.left : words.removed}</Chip>}
        under={
          <>
            {words.joined} <When at={site.joinedAt} />
          </>
        }
        actions={gone === null && <Remove detail={detail} />}
      />
      {gone === null ? <CauseCard site={site} /> : <Note>{words.goneText(gone.how, whenText(gone.at, now))}</Note>}
      <FactsStrip site={site} gone={gone !== null} />
      <div className="grid items-start gap-4 lg:grid-cols-[2fr_1fr]">
        <div className="grid min-w-0 gap-4">
          <UptimeCard detail={detail} />
          <DataCard data={detail.data} />
          {gone === null && <DoctorCard detail={detail} />}
        </div>
        <div className="grid min-w-0 gap-4">
          <KeysCard detail={detail} />
          <WayCard line={site.line} />
          <RecentCard recent={detail.recent} />
        </div>
      </div>
    </>
  );
}

function Remove({ detail }: { readonly detail: SiteDetail }) {
  const words = useWords(SITE);
  const admin = useIsAdmin();
  const [wanted, setWanted] = useState<"never" | "open" | "closed">("never");
  if (!admin) return null;
  return (
    <>
      <Button kind="danger" aria-haspopup="dialog" onClick={() => setWanted("open")}>
        <Trash2 size={14} aria-hidden />
        {words.remove}
      </Button>
      {wanted !== "never" && (
        <RemoveDialog detail={detail} open={wanted === "open"} onOpenChange={(open) => setWanted(open ? "open" : "closed")} />
      )}
    </>
  );
}
