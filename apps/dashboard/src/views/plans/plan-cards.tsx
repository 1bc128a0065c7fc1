"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { totalSize, trainableTensors } from "@engraft/core/models/tensors";
import { Eye, Lock } from "lucide-react";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { bytesText, METRIC_TITLES } from "../../parts/figures.ts";

export function WordsCard({ plan }: { readonly plan: PlanView }) {
  const [json, setJson] = useState(false);
  return (
    <Card
      title="In plain words"
      padded
      end={
        <Button kind="ghost" size="small" aria-pressed={json} onClick={() => setJson(!json)}>
          {json ? "Show in words" : "Show as JSON"}
        </Button>
      }
    >
      {json ? (
        <div className="max-h-[520px] overflow-y-auto">
          <CodeLine code={JSON.stringify(plan.plan, null, 2)} what="plan as JSON" />
        </div>
      ) : (
        <PlanLines lines={plan.lines} />
      )}
    </Card>
  );
}

export function PlanLines({ lines }: { readonly lines: PlanView["lines"] }) {
  return (
    <dl className="kv">
      {lines.map((line) => (
        <div key={line.topic} className="contents">
          <dt>{line.topic}</dt>
          <dd className={line.warn === true ? "flex gap-2 text-bad" : undefined}>
            {line.warn === true && <Eye size={16} className="mt-0.5 flex-none" aria-hidden />}
            <span>{line.words}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const KINDS = {
  added: { sign: "+", tone: "text-accent" },
  removed: { sign: "−", tone: "text-bad" },
  changed: { sign: "±", tone: "text-warn" },
} as const;

const valueText = (text: string): string => (text === "null" || text === "" ? "none" : text);

export function ChangesCard({ changes, version }: { readonly changes: NonNullable<PlanView["changes"]>; readonly version: number }) {
  return (
    <Card title={`Changed since v${changes.since}`} aside={`${changes.list.length} changed`}>
      {changes.list.length === 0 ? (
        <p className="px-4 py-4 text-fg-2">Nothing but the version.</p>
      ) : (
        <div className="scroll relative" role="region" aria-label="Changes, table" tabIndex={0}>
          <table className="dense diff">
            <caption className="sr-only">
              Values that differ between v{changes.since} and v{version}
            </caption>
            <thead>
              <tr>
                <th scope="col">
                  <span className="sr-only">Kind</span>
                </th>
                <th scope="col">Value</th>
                <th scope="col">v{changes.since}</th>
                <th scope="col">v{version}</th>
              </tr>
            </thead>
            <tbody>
              {changes.list.map((change) => (
                <tr key={change.path}>
                  <td className={KINDS[change.kind].tone}>
                    <span aria-hidden>{KINDS[change.kind].sign}</span>
                    <span className="sr-only">{change.kind}</span>
                  </td>
                  <th scope="row" className="font-mono text-12!">
                    {change.path}
                  </th>
                  <td className="wrap-anywhere">
                    {change.kind === "added" ? (
                      <span className="text-fg-3">not in v{changes.since}</span>
                    ) : (
                      <del>{valueText(change.before)}</del>
                    )}
                  </td>
                  <td className="wrap-anywhere">
                    {change.kind === "removed" ? <span className="text-fg-3">removed</span> : <ins>{valueText(change.after)}</ins>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

/** Everything that leaves a site under this plan, and who can read it. */
export function LeavesCard({ plan }: { readonly plan: PlanView }) {
  const { training, metrics } = plan.plan;
  const values = totalSize(trainableTensors(plan.base.manifest.tensors, training.trainable));
  const names = metrics.names.map((name) => METRIC_TITLES[name]).join(", ");
  const rows = [
    { what: "Update of the trained part", how: "plain, signed", when: "each round", size: bytesText(4 * values) },
    { what: "Number of training patients", how: "plain, signed", when: "each round", size: "one number" },
    { what: names, how: `plain, from ${metrics.minCount} patients on`, when: "each round", size: `${3 * metrics.names.length} numbers` },
    { what: "Engine, seconds, progress", how: "plain", when: "each round", size: "a line" },
    {
      what: metrics.compareAlone ? "Same metrics of base, own and shared model" : "Same metrics of base and shared model",
      how: `plain, from ${metrics.minCount} patients on`,
      when: "once, at the end",
      size: `${3 * metrics.names.length * (metrics.compareAlone ? 3 : 2)} numbers`,
    },
  ];
  return (
    <Card
      title="What leaves a site"
      footer={
        <span className="flex items-center gap-2">
          <Lock size={14} aria-hidden className="flex-none" />
          Everything not in this table stays. Records, labels and patient lists have no message that could carry them.
        </span>
      }
    >
      <div className="scroll relative" role="region" aria-label="What leaves a site, table" tabIndex={0}>
        <table className="dense">
          <caption className="sr-only">What leaves a site</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">How</th>
              <th scope="col">When</th>
              <th scope="col" className="n">
                Size
              </th>
              <th scope="col">Who can read it</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.what}>
                <th scope="row" className="whitespace-normal">
                  {row.what}
                </th>
                <td className="text-bad">{row.how}</td>
                <td className="whitespace-nowrap text-fg-2">{row.when}</td>
                <td className="n whitespace-nowrap">{row.size}</td>
                <td className="whitespace-nowrap">the coordinator</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
