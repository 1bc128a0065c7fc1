"use client";
import type { ApprovedDataView, Rate, SiteDetail, SiteView } from "@engraft/coordinator/api/views";
import Link from "next/link";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { CopyButton, Words } from "../../parts/copy.tsx";
import { bytesText, lengthText, shortDigest } from "../../parts/figures.ts";
import { Ago, When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { PaddedCard } from "./padded-card.tsx";
import type { Line } from "./site-types.ts";
import { SITE } from "./site-words.ts";
import { skewText } from "./sites-cause.tsx";
import { percentText, UptimeBar, UptimeLegend } from "./uptime-bar.tsx";

const FIELDS_SHOWN = 12;

function Fact({ label, value, under }: { readonly label: string; readonly value: React.ReactNode; readonly under: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <div className="v">{value}</div>
        <div className="x">{under}</div>
      </dd>
    </div>
  );
}

export function FactsStrip({ site, gone }: { readonly site: SiteView; readonly gone: boolean }) {
  const words = useWords(SITE);
  const { line, clockSkewMs } = site;
  const rate = (measured: Rate | null): string =>
    measured === null ? "–" : words.perSecond(bytesText(Math.round(measured.bytesPerSecond)));
  const measured = line.toCoordinator !== null || line.toSite !== null;
  return (
    <section className="card" aria-label={words.factsName}>
      <dl className="facts">
        <Fact
          label={words.lastSeen}
          value={site.online ? words.now : site.lastSeen === null ? words.never : <Ago at={site.lastSeen} />}
          under={site.lastSeen === null ? "" : <When at={site.lastSeen} />}
        />
        <Fact label={words.version} value={site.version ?? "–"} under={gone ? "" : words.newest(site.newestVersion)} />
        <Fact label={words.engine} value={<span lang="en">{site.engine ?? "–"}</span>} under={words.engineText} />
        <Fact
          label={words.clock}
          value={clockSkewMs === null ? "–" : skewText(clockSkewMs)}
          under={line.roundMs === null ? words.clockUnknown : words.clockText(lengthText(Math.max(10, line.roundMs / 2)))}
        />
        <Fact label={words.round} value={line.roundMs === null ? "–" : `${Math.round(line.roundMs)} ms`} under={words.roundText} />
        <Fact
          label={words.speed}
          value={rate(line.toCoordinator ?? line.toSite)}
          under={measured ? words.speedText(rate(line.toCoordinator), rate(line.toSite)) : words.noSpeed}
        />
      </dl>
    </section>
  );
}

export function UptimeCard({ detail: { site, days } }: { readonly detail: SiteDetail }) {
  const words = useWords(SITE);
  const { percent } = site.uptime;
  const cuts = days.reduce((sum, day) => sum + day.cuts, 0);
  return (
    <PaddedCard title={words.uptime} aside={words.cuts(cuts)}>
      <div className="flex flex-wrap items-center gap-4">
        <UptimeBar site={site} />
        <span className="text-20 font-semibold tabular-nums">{percent === null ? "–" : `${percentText(percent)} %`}</span>
      </div>
      <UptimeLegend />
      <p className="text-12 text-fg-2">{words.uptimeText}</p>
      <details>
        <summary className="min-h-6 cursor-pointer text-fg-2">{words.table}</summary>
        <table className="dense mt-2">
          <caption className="sr-only">{words.uptime}</caption>
          <thead>
            <tr>
              <th scope="col">{words.day}</th>
              <th scope="col" className="n">
                {words.there}
              </th>
              <th scope="col" className="n">
                {words.cutsHead}
              </th>
              <th scope="col" className="n">
                {words.longest}
              </th>
            </tr>
          </thead>
          <tbody>
            {days
              .filter(({ seenMs }) => seenMs > 0)
              .map(({ day, seenMs, upMs, cuts: ofDay, longestMs }) => (
                <tr key={day}>
                  <th scope="row">{new Date(day).toISOString().slice(0, 10)}</th>
                  <td className="n">{percentText((100 * upMs) / seenMs)} %</td>
                  <td className="n">{ofDay}</td>
                  <td className="n">{longestMs === 0 ? "–" : lengthText(longestMs)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </PaddedCard>
  );
}

export function WayCard({ line: { about } }: { readonly line: Line }) {
  const words = useWords(SITE);
  return (
    <PaddedCard title={words.way}>
      {about === null ? (
        <p className="text-fg-2">{words.wayUnknown}</p>
      ) : (
        <>
          <p>{words.ways[about.way]}</p>
          <p className="text-12 text-fg-2">{about.ownAuthority ? words.ownAuthority : words.publicAuthorities}</p>
        </>
      )}
    </PaddedCard>
  );
}

export function DataCard({ data }: { readonly data: readonly ApprovedDataView[] }) {
  const words = useWords(SITE);
  return (
    <Card title={words.data}>
      <p className="px-4 pt-3 text-12 text-fg-2">{data.length === 0 ? words.noData : words.dataText}</p>
      <ul className="list">
        {data.map((one) => (
          <li key={one.plan} className="grid gap-1">
            <div className="flex flex-wrap items-baseline gap-x-3">
              <Link className="font-medium" href={`/plans/${one.plan}`}>
                {one.planName} v{one.planVersion}
              </Link>
              <span className="text-12 text-fg-2">
                {words.by} {one.steward}, <When at={one.at} />
              </span>
            </div>
            <dl className="grid grid-cols-[minmax(7rem,max-content)_1fr] gap-x-3 gap-y-0.5 text-12">
              <dt className="text-fg-2">{words.fields}</dt>
              <dd lang="en">
                {one.fields.slice(0, FIELDS_SHOWN).join(", ")}
                {one.fields.length > FIELDS_SHOWN && ` ${words.more(one.fields.length - FIELDS_SHOWN)}`}
              </dd>
              <dt className="text-fg-2">{words.figures}</dt>
              <dd>{one.siteMetrics ? words.figuresOut(one.minimum) : words.figuresStay}</dd>
              <dt className="text-fg-2">{words.rows}</dt>
              <dd>{one.rowsAsPatients ? words.rowsAsPatients : words.patients}</dd>
              <dt className="text-fg-2">{words.mapping}</dt>
              <dd>{one.mapping === null ? words.asItStands : words.mapped(shortDigest(one.mapping))}</dd>
            </dl>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function KeysCard({ detail: { site, keys } }: { readonly detail: SiteDetail }) {
  const words = useWords(SITE);
  const former = keys.slice(0, -1);
  return (
    <PaddedCard
      title={words.keys}
      end={<CopyButton text={`${site.words.join(" ")}\n${site.key}`} what={words.fingerprint(site.name)} iconOnly />}
    >
      {former.length > 0 && <Note tone="warn">{words.rotatedNote}</Note>}
      <Words words={site.words} of={words.fingerprint(site.name)} />
      <p className="font-mono text-12 wrap-anywhere text-fg-3">{site.key}</p>
      <p className="text-12 text-fg-2">
        {words.keysText} {words.differ}
      </p>
      {former.length > 0 && (
        <>
          <h3>{words.former}</h3>
          <ul className="grid gap-1.5">
            {former.map(({ key, until }) => (
              <li key={key} className="text-12">
                <span className="font-mono wrap-anywhere">{key}</span>
                {until !== null && (
                  <span className="text-fg-2">
                    {" "}
                    {words.until} <When at={until} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </PaddedCard>
  );
}

export function RecentCard({ recent }: { readonly recent: SiteDetail["recent"] }) {
  const words = useWords(SITE);
  return (
    <Card title={words.recent}>
      {recent.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">{words.nothing}</p>
      ) : (
        <ul className="list tight">
          {recent.map(({ seq, at, text }) => (
            <li key={seq} className="grid gap-0.5">
              <span lang="en">{text}</span>
              <span className="text-12 text-fg-3">
                <When at={at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
