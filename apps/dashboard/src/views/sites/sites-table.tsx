"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { createColumnHelper } from "@tanstack/react-table";
import Link from "next/link";
import { DataTable } from "../../parts/data-table.tsx";
import { Ago, When } from "../../parts/time.tsx";
import { useLanguage, useWords } from "../../words/language.ts";
import { CAUSES, factsOf } from "./causes.ts";
import { CauseTitle, skewText } from "./sites-cause.tsx";
import { percentText, UptimeBar } from "./uptime-bar.tsx";
import { SITES, type SitesWords } from "./words.ts";

const column = createColumnHelper<SiteView>();
const SKEW_WRONG_MS = 30_000;

function Connection({ site }: { readonly site: SiteView }) {
  const { line } = useWords(CAUSES)[site.cause.code];
  return (
    <div className="max-w-[44ch]">
      <CauseTitle site={site} />
      <div className="text-12 text-fg-2">{line(factsOf(site, ""))}</div>
      {site.working !== null && (
        <Link className="text-12 text-fg-2" href={`/runs/${site.working.run}`}>
          <span lang="en">{site.working.phase}</span>, {site.working.run}
        </Link>
      )}
    </div>
  );
}

const columnsIn = (words: SitesWords) => [
  column.accessor("name", {
    header: words.site,
    meta: { rowHeader: true },
    cell: ({ row: { original: site } }) => (
      <div id={site.name} className="scroll-mt-20">
        <Link href={`/sites/${site.name}`}>{site.name}</Link>
        <div className="text-12 font-normal text-fg-3">
          {words.joined} <When at={site.joinedAt} />
        </div>
      </div>
    ),
  }),
  column.accessor((site) => `${site.online ? 2 : 1}${site.cause.code === "steady" ? 1 : 0}${site.cause.code}`, {
    id: "connection",
    header: words.connection,
    cell: ({ row: { original: site } }) => <Connection site={site} />,
  }),
  column.accessor((site) => (site.online ? Number.MAX_SAFE_INTEGER : (site.lastSeen ?? 0)), {
    id: "lastSeen",
    header: words.lastSeen,
    meta: { nowrap: true },
    cell: ({ row: { original: site } }) => (
      <span className={site.online ? "text-fg-2" : "text-bad"}>
        {site.online ? words.now : site.lastSeen === null ? words.never : <Ago at={site.lastSeen} />}
      </span>
    ),
  }),
  column.accessor("version", {
    header: words.version,
    cell: ({ row: { original: site } }) => (
      <span className={site.cause.code.startsWith("version") ? "font-medium text-warn" : undefined}>{site.version ?? "–"}</span>
    ),
  }),
  column.accessor("engine", { header: words.engine, cell: ({ getValue }) => <span lang="en">{getValue() ?? "–"}</span> }),
  column.display({ id: "uptime", header: words.uptime, cell: ({ row: { original: site } }) => <UptimeBar site={site} /> }),
  column.accessor((site) => site.uptime.percent ?? -1, {
    id: "percent",
    header: "%",
    meta: { figures: true },
    cell: ({ row: { original: site } }) => percentText(site.uptime.percent),
  }),
  column.accessor((site) => site.line.roundMs ?? -1, {
    id: "round",
    header: words.round,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: site } }) => (site.line.roundMs === null ? "–" : `${Math.round(site.line.roundMs)} ms`),
  }),
  column.accessor("clockSkewMs", {
    header: words.clock,
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => {
      const skew = getValue();
      if (skew === null) return "–";
      return <span className={Math.abs(skew) > SKEW_WRONG_MS ? "font-medium text-warn" : undefined}>{skewText(skew)}</span>;
    },
  }),
];

/** Made once for each language: new columns would lose the table's order. */
const COLUMNS = { en: columnsIn(SITES.en), de: columnsIn(SITES.de) };
const SORT = [{ id: "connection", desc: false }];

export function SitesTable({ sites }: { readonly sites: readonly SiteView[] }) {
  const language = useLanguage();
  return <DataTable caption={SITES[language].title} rows={sites} columns={COLUMNS[language]} rowKey={(site) => site.name} sortBy={SORT} />;
}
