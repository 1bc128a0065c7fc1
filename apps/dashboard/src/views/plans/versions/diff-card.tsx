"use client";
import type { PlanSummary, PlanView } from "@engraft/coordinator/api/views";
import { changeMeaning } from "@engraft/core/models/plan-meaning";
import { planChanges, type PlanChange } from "@engraft/core/models/plan-words";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { Card } from "../../../parts/card.tsx";
import { useWords } from "../../../words/language.ts";
import { changeRows } from "../page/changes.ts";
import { versionWords } from "./words.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

const titleOf = ({ name, version }: { readonly name: string; readonly version: number }): string => `${name} v${version}`;

/** Earlier plans, newest first: those of its name, and others over its base. */
function earlier(plan: PlanView, plans: readonly PlanSummary[]) {
  const before = plans.filter(({ digest, proposedAt }) => digest !== plan.digest && proposedAt <= plan.proposedAt);
  const named = before.filter(({ name }) => name === plan.name).toSorted((a, b) => b.version - a.version);
  const based = before.filter(({ name, baseManifest }) => name !== plan.name && baseManifest === plan.base.digest);
  return { named, based: based.toSorted((a, b) => b.proposedAt - a.proposedAt) };
}

/** What is otherwise than in an earlier plan of the reader's choice. Nothing where there is none. */
export function DiffCard({ plan }: { readonly plan: PlanView }) {
  const words = useWords(versionWords);
  const trpc = useTRPC();
  const id = useId();
  const [wish, setWish] = useState<string | undefined>(undefined);
  const plans = useQuery(trpc.plans.list.queryOptions());
  const { named, based } = earlier(plan, plans.data ?? []);
  const chosen = [...named, ...based].find(({ digest }) => digest === wish) ?? named[0] ?? based[0];
  const other = useQuery({ ...trpc.plans.get.queryOptions({ digest: chosen?.digest ?? "" }), enabled: chosen !== undefined });
  if (chosen === undefined) return null;
  const before = other.data?.digest === chosen.digest ? other.data : undefined;
  const changes = before === undefined ? undefined : planChanges(before.plan, plan.plan);
  const option = (one: PlanSummary) => (
    <option key={one.digest} value={one.digest}>
      {titleOf(one)}
    </option>
  );
  return (
    <Card
      title={words.changedSince(chosen.name === plan.name ? `v${chosen.version}` : titleOf(chosen))}
      aside={changes === undefined ? undefined : words.values(changes.length)}
      end={
        <>
          <label htmlFor={id} className="sr-only">
            {words.against}
          </label>
          <select id={id} className="input" value={chosen.digest} onChange={(event) => setWish(event.target.value)}>
            {named.length > 0 && <optgroup label={words.sameName}>{named.map(option)}</optgroup>}
            {based.length > 0 && <optgroup label={words.sameBase}>{based.map(option)}</optgroup>}
          </select>
        </>
      }
    >
      {before === undefined || changes === undefined ? (
        <p className="px-4 py-4 text-fg-2">{other.error === null ? words.loading : words.failed}</p>
      ) : changes.length === 0 ? (
        <p className="px-4 py-4 text-fg-2">{words.same}</p>
      ) : (
        <DiffTable before={before} after={plan} changes={changes} />
      )}
    </Card>
  );
}

interface TableProps {
  readonly before: PlanView;
  readonly after: PlanView;
  readonly changes: readonly PlanChange[];
}

function DiffTable({ before, after, changes }: TableProps) {
  const words = useWords(versionWords);
  const [old, now] = before.name === after.name ? [`v${before.version}`, `v${after.version}`] : [titleOf(before), titleOf(after)];
  const compared = { before: before.plan, after: after.plan, manifest: after.base.manifest };
  return (
    <ScrollTable table="dense diff" label={words.table} caption={words.caption(old, now)}>
      <thead>
        <tr>
          <th scope="col">
            <span className="sr-only">{words.kind}</span>
          </th>
          <th scope="col">{words.value}</th>
          <th scope="col">{old}</th>
          <th scope="col">{now}</th>
          <th scope="col">{words.means}</th>
        </tr>
      </thead>
      <tbody>
        {changeRows(changes).map((change) => (
          <DiffRow key={`${change.kind} ${change.path}`} change={change} old={old} means={changeMeaning(change, compared)} />
        ))}
      </tbody>
    </ScrollTable>
  );
}

const KINDS = {
  added: { sign: "+", tone: "text-accent" },
  removed: { sign: "−", tone: "text-bad" },
  changed: { sign: "±", tone: "text-warn" },
} as const;

function DiffRow({ change, old, means }: { readonly change: PlanChange; readonly old: string; readonly means: string | undefined }) {
  const words = useWords(versionWords);
  const { kind, path, before, after } = change;
  const text = (value: string): string => (value === "null" || value === "" ? words.none : value);
  return (
    <tr>
      <td className={KINDS[kind].tone}>
        <span aria-hidden>{KINDS[kind].sign}</span>
        <span className="sr-only">{words[kind]}</span>
      </td>
      <th scope="row" className="font-mono text-12!">
        {path}
      </th>
      <td className="min-w-20 wrap-anywhere">
        {kind === "added" ? <span className="text-fg-3">{words.notIn(old)}</span> : <del>{text(before)}</del>}
      </td>
      <td className="min-w-20 wrap-anywhere">
        {kind === "removed" ? <span className="text-fg-3">{words.removed}</span> : <ins>{text(after)}</ins>}
      </td>
      <td className="min-w-44 text-fg-2" lang="en">
        {means}
      </td>
    </tr>
  );
}
