"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { ArrowDown, CircleCheck, CircleX } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { Card } from "../../parts/card.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { releaseTitle } from "./release-state.tsx";
import { releaseWords } from "./words.ts";
import { ScrollTable } from "../../parts/table-region.tsx";

/** The plan's acceptance criteria; nothing where it has none. */
export function CriteriaCard({ release: { criteria } }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).criteria;
  const { notMeasured } = useWords(releaseWords);
  if (criteria.length === 0) return null;
  return (
    <Card title={words.title} aside={words.aside}>
      <ScrollTable label={words.region} caption={words.caption}>
        <thead>
          <tr>
            <th scope="col">{words.figure}</th>
            <th scope="col">{words.over}</th>
            <th scope="col" className="n">
              {words.demanded}
            </th>
            <th scope="col" className="n">
              {words.reached}
            </th>
            <th scope="col">{words.met}</th>
          </tr>
        </thead>
        <tbody>
          {criteria.map(({ metric, on, limit, value, met }) => (
            <tr key={`${metric} ${on}`}>
              <th scope="row">{METRIC_TITLES[metric]}</th>
              <td>{words.on[on]}</td>
              <td className="n">{"atLeast" in limit ? words.atLeast(limit.atLeast) : words.atMost(limit.atMost)}</td>
              <td className="n">{value === null ? notMeasured : metricText(value)}</td>
              <td>
                <span className={`inline-flex items-center gap-1 ${met ? "text-accent" : "text-bad"}`}>
                  {met ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
                  {met ? words.yes : words.no}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </Card>
  );
}

/** From the base to the release, as a picture that is an ordered list. */
export function LineageCard({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).lineage;
  const { base, plan, run, rounds, comparisons, released, withdrawn } = release;
  return (
    <Card title={words.title} padded>
      <ol className="lineage" aria-label={words.list}>
        <Step kind={words.base} name={`${base.name} ${base.version}`} />
        <Step
          kind={words.plan}
          name={<Link href={`/plans/${plan.digest}`}>{`${plan.name} v${plan.version}`}</Link>}
          under={plan.digest.slice(0, 16)}
        />
        <Step
          kind={words.run}
          name={<Link href={`/runs/${run}`}>{run}</Link>}
          under={`${words.rounds(rounds)}${comparisons.length === 0 ? "" : `, ${words.sites(comparisons.length)}`}`}
        />
        <Step
          kind={released === null ? words.candidate : words.release}
          name={releaseTitle(release)}
          under={
            released === null ? (
              words.notReleased
            ) : (
              <>
                {words.by(released.by.replace(/^[a-z]+:/, ""))}
                <When at={released.at} />
                {withdrawn !== null && words.withdrawn}
              </>
            )
          }
          last
        />
      </ol>
    </Card>
  );
}

interface StepProps {
  readonly kind: string;
  readonly name: ReactNode;
  readonly under?: ReactNode;
  readonly last?: boolean;
}

function Step({ kind, name, under, last = false }: StepProps) {
  return (
    <li>
      <div className="box">
        <div className="text-11 text-fg-3">{kind}</div>
        <div className="links font-semibold">{name}</div>
        {under !== undefined && <div className="text-12 text-fg-2">{under}</div>}
      </div>
      {!last && <ArrowDown size={14} className="mx-auto my-1 text-fg-3" aria-hidden />}
    </li>
  );
}

/** How somebody else checks it, on a machine without a network. */
export function VerifyCard({ release }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).verify;
  if (release.released === null) return null;
  return (
    <Card title={words.title} aside={words.aside} padded>
      <div className="grid gap-2">
        <CodeLine code={`npx engraft verify bundle.zip --key ${release.key}`} what={words.command} />
        <p className="text-12 text-fg-2">{words.what}</p>
      </div>
    </Card>
  );
}
