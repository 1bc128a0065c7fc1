"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { ArrowDown, CircleCheck, CircleX } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { Card } from "../../parts/card.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { METRIC_TITLES, metricText, plural } from "../../parts/figures.ts";
import { When } from "../../parts/time.tsx";
import { releaseTitle } from "./release-state.tsx";

const OVER = { pooled: "all sites’ patients together", mean: "sites’ mean", "each-site": "worst site" } as const;

/** The plan's acceptance criteria; nothing where it has none. */
export function CriteriaCard({ release: { criteria } }: { readonly release: ReleaseView }) {
  if (criteria.length === 0) return null;
  return (
    <Card title="What the plan demands" aside="on test patients">
      <div className="scroll relative" role="region" aria-label="Acceptance criteria" tabIndex={0}>
        <table className="dense">
          <caption className="sr-only">Acceptance criteria of the plan, and what the model reaches</caption>
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col">Over</th>
              <th scope="col" className="n">
                Demanded
              </th>
              <th scope="col" className="n">
                Reached
              </th>
              <th scope="col">Met</th>
            </tr>
          </thead>
          <tbody>
            {criteria.map(({ metric, on, limit, value, met }) => (
              <tr key={`${metric} ${on}`}>
                <th scope="row">{METRIC_TITLES[metric]}</th>
                <td>{OVER[on]}</td>
                <td className="n">{"atLeast" in limit ? `at least ${limit.atLeast}` : `at most ${limit.atMost}`}</td>
                <td className="n">{value === null ? "not measured" : metricText(value)}</td>
                <td>
                  <span className={`inline-flex items-center gap-1 ${met ? "text-accent" : "text-bad"}`}>
                    {met ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
                    {met ? "yes" : "no"}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

/** From the base to the release, as a picture that is an ordered list. */
export function LineageCard({ release }: { readonly release: ReleaseView }) {
  const { base, plan, run, rounds, comparisons, released, withdrawn } = release;
  return (
    <Card title="Lineage" padded>
      <ol className="lineage" aria-label="From the base model to this one">
        <Step kind="Base" name={`${base.name} ${base.version}`} />
        <Step
          kind="Plan"
          name={<Link href={`/plans/${plan.digest}`}>{`${plan.name} v${plan.version}`}</Link>}
          under={plan.digest.slice(0, 16)}
        />
        <Step
          kind="Run"
          name={<Link href={`/runs/${run}`}>{run}</Link>}
          under={`${plural(rounds, "round")}${comparisons.length === 0 ? "" : `, ${plural(comparisons.length, "site")}`}`}
        />
        <Step
          kind={released === null ? "Candidate" : "Release"}
          name={releaseTitle(release)}
          under={
            released === null ? (
              "not released"
            ) : (
              <>
                by {released.by.replace(/^[a-z]+:/, "")}, <When at={released.at} />
                {withdrawn !== null && ", withdrawn"}
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
  if (release.released === null) return null;
  return (
    <Card title="Verify it" aside="offline" padded>
      <div className="grid gap-2">
        <CodeLine code={`npx engraft verify bundle.zip --key ${release.key}`} what="command that verifies the release" />
        <p className="text-12 text-fg-2">
          Checks the coordinator’s signature, every file, each site’s signed approval and part in each sum, and that the trained values are
          those of the last round. The key stands here for convenience: have it told to you by another way too.
        </p>
      </div>
    </Card>
  );
}
