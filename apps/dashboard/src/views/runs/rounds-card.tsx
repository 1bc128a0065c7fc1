"use client";
import { analyticOf } from "@engraft/core/models/analytic";
import { stepInWords } from "@engraft/core/models/analytic-words";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { bytesText, clockText, exactText, lengthText, METRIC_TITLES, metricText, shortDigest } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { mainCurve } from "./main-curve.ts";
import { endOf, lostOf, type Lost } from "./secure/steps.ts";

const CLOSED_BECAUSE: Readonly<Record<string, string>> = {
  "all-answered": "all answered",
  "grace-over": "grace over",
  deadline: "at the deadline",
};

interface Row extends RoundView {
  readonly lost: readonly Lost[];
  /** Figure of all sites for the checkpoint that the round wrote; undefined until it is measured. */
  readonly figure: number | undefined;
}

const column = createColumnHelper<Row>();

const isSecure = (round: RoundView): boolean => round.attempts.length > 0;

/** Who is in the mean, or will be: under secure aggregation once that is fixed. */
const sitesIn = (round: RoundView): readonly string[] =>
  isSecure(round) ? (round.closed?.survivors ?? []) : round.cohort.filter((site) => round.answers.some((answer) => answer.site === site));

const columnsFor = (metric: MetricName, plan: Plan) => [
  column.accessor("round", {
    header: "Round",
    meta: { rowHeader: true, nowrap: true },
    cell: ({ getValue }) => <RoundName plan={plan} round={getValue()} />,
  }),
  column.accessor("openedAt", {
    header: "Opened",
    meta: { nowrap: true },
    cell: ({ getValue }) => (
      <time dateTime={new Date(getValue()).toISOString()} title={exactText(getValue())}>
        {clockText(getValue())}
      </time>
    ),
  }),
  column.accessor((row) => (endOf(row) ?? Number.POSITIVE_INFINITY) - row.openedAt, {
    id: "took",
    header: "Took",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) => <Took round={row} />,
  }),
  column.accessor((row) => sitesIn(row).length, {
    id: "in",
    header: "In",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) => `${sitesIn(row).length} of ${row.cohort.length}`,
  }),
  column.display({
    id: "sites",
    header: "Who took part",
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) => sitesIn(row).join(", ") || (isSecure(row) ? "not fixed yet" : "nobody yet"),
  }),
  column.display({ id: "dropped", header: "Dropped, and why", cell: ({ row: { original: row } }) => <Dropped round={row} /> }),
  column.accessor((row) => row.answers.reduce((sum, answer) => sum + answer.bytes, 0), {
    id: "bytes",
    header: "Received",
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => bytesText(getValue()),
  }),
  column.accessor("figure", {
    header: `${METRIC_TITLES[metric]}, all`,
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => {
      const figure = getValue();
      return figure === undefined ? "–" : metricText(figure);
    },
  }),
  column.display({
    id: "checkpoint",
    header: "Checkpoint",
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) => <Checkpoint round={row} />,
  }),
];

export function RoundsCard({ view, metric, plan }: { readonly view: RunView; readonly metric: MetricName; readonly plan: Plan }) {
  const columns = useMemo(() => columnsFor(metric, plan), [metric, plan]);
  const curve = mainCurve(view, metric);
  const rows = view.rounds.map((round): Row => ({
    ...round,
    lost: lostOf(round, view.sites),
    figure: curve.find((point) => point.round === round.round)?.value,
  }));
  return (
    <Card title="Rounds" aside="who took part, and what came of it">
      {rows.length === 0 ? (
        <Empty title="No round yet">Each round appears here when it opens.</Empty>
      ) : (
        <DataTable
          caption="Rounds"
          dense
          rows={rows}
          columns={columns}
          rowKey={(row) => String(row.round)}
          sortBy={[{ id: "round", desc: true }]}
        />
      )}
    </Card>
  );
}

function RoundName({ plan, round }: { readonly plan: Plan; readonly round: number }) {
  const analytic = analyticOf(plan, { purpose: "train", round });
  return (
    <>
      {round}
      {analytic !== undefined && <span className="block text-12 font-normal text-fg-2">{stepInWords(analytic, round)}</span>}
    </>
  );
}

function Took({ round }: { readonly round: RoundView }) {
  const end = endOf(round);
  if (end === null) return "open";
  const attempts = round.attempts.length;
  return (
    <span title={CLOSED_BECAUSE[round.closed?.reason ?? ""]}>
      {lengthText(end - round.openedAt)}
      {attempts > 1 && <span className="block text-12 text-fg-2">{attempts} attempts</span>}
    </span>
  );
}

function LostSites({ lost }: { readonly lost: readonly Lost[] }) {
  if (lost.length === 0) return <span className="text-fg-3">nobody</span>;
  return (
    <ul className="grid min-w-56 gap-0.5">
      {lost.map(({ site, at, text, code }) => (
        <li key={site}>
          <span className="font-medium text-bad">{site}</span> lost at {at}. {text}{" "}
          {code !== "" && <code className="text-fg-3">{code}</code>}
        </li>
      ))}
    </ul>
  );
}

function Dropped({ round }: { readonly round: Row }) {
  if (isSecure(round)) return <LostSites lost={round.lost} />;
  const answered = (site: string): boolean =>
    round.answers.some((answer) => answer.site === site) || round.dropped.some((dropped) => dropped.site === site);
  const late = round.closed === null ? [] : round.cohort.filter((site) => !answered(site));
  if (round.dropped.length + late.length === 0) return <span className="text-fg-3">nobody</span>;
  return (
    <ul className="grid min-w-56 gap-0.5">
      {round.dropped.map((dropped) => (
        <li key={dropped.site}>
          <span className="font-medium text-bad">{dropped.site}</span> {dropped.text} <code className="text-fg-3">{dropped.code}</code>
        </li>
      ))}
      {late.map((site) => (
        <li key={site}>
          <span className="font-medium text-bad">{site}</span> no answer in time
        </li>
      ))}
    </ul>
  );
}

function Checkpoint({ round }: { readonly round: RoundView }) {
  if (round.failed !== null) return <span className="text-bad">none: no sum</span>;
  if (round.checkpoint === null) return <span className="text-fg-3">not yet</span>;
  return (
    <span className="flex items-center gap-1 font-mono text-12">
      {shortDigest(round.checkpoint.digest)}
      <CopyButton text={round.checkpoint.digest} what={`digest of checkpoint ${round.round}`} iconOnly />
    </span>
  );
}
