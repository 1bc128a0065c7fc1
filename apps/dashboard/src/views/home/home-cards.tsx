"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { AuditView, NeedView, SiteView } from "@engraft/coordinator/api/views";
import { needText } from "@engraft/core/needs/words";
import { CircleAlert, CircleCheck, Info, TriangleAlert, Unplug } from "lucide-react";
import Link from "next/link";
import { buttonClass } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { personText, shortDigest } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { Ago, When } from "../../parts/time.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { useLanguage, useWords } from "../../words/language.ts";
import { bestMetric } from "../models/release-metrics.ts";
import { releaseTitle } from "../models/release-state.tsx";
import { homeWords } from "./words.ts";

const NEED_ICONS = { bad: CircleAlert, warn: TriangleAlert, info: Info } as const;
const TONES = { bad: "text-bad", warn: "text-warn", info: "text-info" } as const;

export function NeedsCard({ needs }: { readonly needs: readonly NeedView[] }) {
  const words = useWords(homeWords);
  const language = useLanguage();
  return (
    <Card title={words.needs} aside={needs.length > 0 && <Chip tone="warn">{needs.length}</Chip>}>
      {needs.length === 0 ? (
        <p className="flex items-center gap-2.5 px-4 py-4 text-fg-2">
          <CircleCheck size={16} className="text-accent" aria-hidden />
          {words.noNeeds}
        </p>
      ) : (
        <ul className="list">
          {needs.map((need) => {
            const Icon = NEED_ICONS[need.severity];
            const text = needText(need.about, language);
            return (
              <li key={need.key} className="flex flex-wrap items-start gap-x-3 gap-y-2">
                <Icon
                  size={16}
                  className={`mt-0.5 flex-none ${TONES[need.severity]}`}
                  aria-label={words.severity[need.severity]}
                  role="img"
                />
                <div className="min-w-0 flex-1 basis-60">
                  <div className="font-medium">{text.what}</div>
                  <div className="mt-0.5 text-12 text-fg-2">
                    {text.english !== "" && <span lang="en">{text.english} </span>}
                    {text.next}
                  </div>
                </div>
                <Link
                  className={buttonClass({ size: "small", className: "max-sm:ml-7" })}
                  href={need.href}
                  aria-label={`${text.button}: ${text.what}`}
                >
                  {text.button}
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

export function SitesCard({ sites }: { readonly sites: readonly SiteView[] }) {
  const admin = useIsAdmin();
  const words = useWords(homeWords);
  const online = sites.filter((site) => site.online).length;
  const inOrder = sites.toSorted((a, b) => Number(a.online) - Number(b.online));
  return (
    <Card
      title={words.sites}
      aside={sites.length > 0 && words.onlineOf(online, sites.length)}
      end={
        <Link className="text-12 font-medium" href="/sites">
          {words.allSites}
        </Link>
      }
    >
      {sites.length === 0 ? (
        <Empty
          title={words.noSite}
          action={
            admin && (
              <Link className={buttonClass({ kind: "primary" })} href="/sites">
                {words.inviteSite}
              </Link>
            )
          }
        >
          {words.noSiteWhy}
        </Empty>
      ) : (
        <ul className="list tight">
          {inOrder.map((site) => (
            <li key={site.name} className="flex items-center gap-2">
              {site.online ? (
                <CircleCheck size={14} className="flex-none text-accent" role="img" aria-label={words.online} />
              ) : (
                <Unplug size={14} className="flex-none text-bad" role="img" aria-label={words.offline} />
              )}
              <Link className="ell w-32 flex-none font-medium text-fg" href={`/sites#${site.name}`}>
                {site.name}
              </Link>
              <span className="ell min-w-0 flex-1 text-12 text-fg-2">
                {!site.online ? words.offlineNow : site.working === null ? "" : `${words.phases[site.working.phase]}, ${site.working.run}`}
              </span>
              <span className="text-12 whitespace-nowrap text-fg-3">
                {site.online ? words.now : site.lastSeen === null ? words.never : <Ago at={site.lastSeen} />}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export function ReleasesCard({ releases }: { readonly releases: readonly ReleaseView[] }) {
  const words = useWords(homeWords);
  return (
    <Card
      title={words.releases}
      end={
        <Link className="text-12 font-medium" href="/models">
          {words.allReleases}
        </Link>
      }
    >
      {releases.length === 0 ? (
        <Empty title={words.noRelease}>{words.noReleaseWhy}</Empty>
      ) : (
        <ul className="list">
          {releases.map((release) => (
            <li key={release.id}>
              <div className="flex justify-between gap-2">
                <Link className="ell font-medium text-fg" href={`/models/${release.id}`}>
                  {releaseTitle(release)}
                </Link>
                <span className="text-12 whitespace-nowrap text-fg-3">
                  <When at={release.createdAt} />
                </span>
              </div>
              <div className="flex flex-wrap justify-between gap-2 text-12 text-fg-2">
                <span>
                  {[
                    bestMetric(release.comparisons),
                    release.comparisons.length === 0 ? undefined : words.siteCount(release.comparisons.length),
                    words.roundCount(release.rounds),
                  ]
                    .filter((part) => part !== undefined)
                    .join(", ")}
                </span>
                {release.aggregation === "plain" && <span className="text-bad">{words.plainAggregation}</span>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const subjectText = (subject: string): string => (/^[0-9a-f]{64}$/.test(subject) ? shortDigest(subject) : subject);

export function LatelyCard({ recent }: { readonly recent: readonly AuditView[] }) {
  const admin = useIsAdmin();
  const words = useWords(homeWords);
  return (
    <Card
      title={words.lately}
      end={
        admin && (
          <Link className="text-12 font-medium" href="/audit">
            {words.openAudit}
          </Link>
        )
      }
    >
      {recent.length === 0 ? (
        <Empty title={words.nothingYet}>{words.nothingYetWhy}</Empty>
      ) : (
        <ul className="list tight">
          {recent.map((entry) => (
            <li key={entry.seq} className="grid grid-cols-[104px_minmax(0,1fr)] gap-x-3 sm:grid-cols-[104px_150px_minmax(0,1fr)]">
              <span className="font-mono text-12 leading-5 text-fg-3">
                <When at={entry.at} />
              </span>
              <span className="ell font-medium" title={entry.subject}>
                {subjectText(entry.subject)}
              </span>
              <span className="col-span-2 text-fg-2 sm:col-span-1" lang="en">
                {personText(entry.text)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
