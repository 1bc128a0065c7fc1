"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { Eye } from "lucide-react";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { plural } from "../../parts/figures.ts";
import { changeRows } from "./changes.ts";

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
    <Card title={`Changed since v${changes.since}`} aside={plural(changes.list.length, "value")}>
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
              {changeRows(changes.list).map((change) => (
                <tr key={`${change.kind} ${change.path}`}>
                  <td className={KINDS[change.kind].tone}>
                    <span aria-hidden>{KINDS[change.kind].sign}</span>
                    <span className="sr-only">{change.kind}</span>
                  </td>
                  <th scope="row" className="font-mono text-12!">
                    {change.path}
                  </th>
                  <td className="wrap-anywhere">
                    {change.kind === "added" ? (
                      <span className="whitespace-nowrap text-fg-3">not in v{changes.since}</span>
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
