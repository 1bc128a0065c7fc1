"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import type { AuditView, NeedView, SiteView } from "@engraft/coordinator/api/views";
import { CircleAlert, CircleCheck, Info, TriangleAlert, Unplug } from "lucide-react";
import Link from "next/link";
import { buttonClass } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { personText, plural, shortDigest } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { Ago, When } from "../../parts/time.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { bestMetric } from "../models/release-metrics.ts";

const NEED_ICONS = { bad: CircleAlert, warn: TriangleAlert, info: Info } as const;
const TONES = { bad: "text-bad", warn: "text-warn", info: "text-info" } as const;
const SEVERITY = { bad: "Broken", warn: "Waiting", info: "To do" } as const;

export function NeedsCard({ needs }: { readonly needs: readonly NeedView[] }) {
  return (
    <Card title="Needs somebody now" aside={needs.length > 0 && <Chip tone="warn">{needs.length}</Chip>}>
      {needs.length === 0 ? (
        <p className="flex items-center gap-2.5 px-4 py-4 text-fg-2">
          <CircleCheck size={16} className="text-accent" aria-hidden />
          Nothing. Everything moves on its own.
        </p>
      ) : (
        <ul className="list">
          {needs.map((need) => {
            const Icon = NEED_ICONS[need.severity];
            return (
              <li key={need.what} className="flex flex-wrap items-start gap-x-3 gap-y-2">
                <Icon size={16} className={`mt-0.5 flex-none ${TONES[need.severity]}`} aria-label={SEVERITY[need.severity]} role="img" />
                <div className="min-w-0 flex-1 basis-60">
                  <div className="font-medium">{need.what}</div>
                  <div className="mt-0.5 text-12 text-fg-2">{need.next}</div>
                </div>
                <Link
                  className={buttonClass({ size: "small", className: "max-sm:ml-7" })}
                  href={need.href}
                  aria-label={`${need.button}: ${need.what}`}
                >
                  {need.button}
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
  const online = sites.filter((site) => site.online).length;
  const inOrder = sites.toSorted((a, b) => Number(a.online) - Number(b.online));
  return (
    <Card
      title="Sites"
      aside={sites.length > 0 && `${online} of ${sites.length} online`}
      end={
        <Link className="text-12 font-medium" href="/sites">
          All sites
        </Link>
      }
    >
      {sites.length === 0 ? (
        <Empty
          title="No site yet"
          action={
            admin && (
              <Link className={buttonClass({ kind: "primary" })} href="/sites">
                Invite site
              </Link>
            )
          }
        >
          A hospital joins with one command that an invite gives.
        </Empty>
      ) : (
        <ul className="list tight">
          {inOrder.map((site) => (
            <li key={site.name} className="flex items-center gap-2">
              {site.online ? (
                <CircleCheck size={14} className="flex-none text-accent" role="img" aria-label="Online" />
              ) : (
                <Unplug size={14} className="flex-none text-bad" role="img" aria-label="Offline" />
              )}
              <Link className="ell w-32 flex-none font-medium text-fg" href={`/sites#${site.name}`}>
                {site.name}
              </Link>
              <span className="ell min-w-0 flex-1 text-12 text-fg-2">
                {!site.online ? "offline" : site.working === null ? "" : `${site.working.phase}, ${site.working.run}`}
              </span>
              <span className="text-12 whitespace-nowrap text-fg-3">
                {site.online ? "now" : site.lastSeen === null ? "never" : <Ago at={site.lastSeen} />}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

export function ReleasesCard({ releases }: { readonly releases: readonly ReleaseView[] }) {
  return (
    <Card
      title="Last releases"
      end={
        <Link className="text-12 font-medium" href="/models">
          All releases
        </Link>
      }
    >
      {releases.length === 0 ? (
        <Empty title="No release yet">A run that ends with a checkpoint leaves a model here, to download.</Empty>
      ) : (
        <ul className="list">
          {releases.map((release) => (
            <li key={release.id}>
              <div className="flex justify-between gap-2">
                <Link className="ell font-medium text-fg" href={`/models/${release.id}`}>
                  {release.id}
                </Link>
                <span className="text-12 whitespace-nowrap text-fg-3">
                  <When at={release.createdAt} />
                </span>
              </div>
              <div className="flex flex-wrap justify-between gap-2 text-12 text-fg-2">
                <span>
                  {[bestMetric(release.comparisons), plural(release.comparisons.length, "site"), plural(release.rounds, "round")]
                    .filter((part) => part !== undefined)
                    .join(", ")}
                </span>
                <span className="text-bad">plain aggregation</span>
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
  return (
    <Card
      title="Lately"
      end={
        admin && (
          <Link className="text-12 font-medium" href="/audit">
            Open audit
          </Link>
        )
      }
    >
      {recent.length === 0 ? (
        <Empty title="Nothing has happened yet">Joins, approvals, runs and refusals appear here.</Empty>
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
              <span className="col-span-2 text-fg-2 sm:col-span-1">{personText(entry.text)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
