"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { bytesText, clockText, exactText, lengthText, METRIC_TITLES, metricText, shortDigest } from "../../parts/figures.ts";
import { Empty } from "../../parts/states.tsx";
import { settledMean } from "./chart-data.ts";

const CLOSED_BECAUSE: Readonly<Record<string, string>> = {
  "all-answered": "all answered",
  "grace-over": "grace over",
  deadline: "at the deadline",
};

interface Row extends RoundView {
  /** Mean over sites of the checkpoint that the round wrote; undefined until it is measured. */
  readonly mean: number | undefined;
}

const column = createColumnHelper<Row>();

const columnsFor = (metric: MetricName) => [
  column.accessor("round", { header: "Round", meta: { rowHeader: true } }),
  column.accessor("openedAt", {
    header: "Opened",
    meta: { nowrap: true },
    cell: ({ getValue }) => (
      <time dateTime={new Date(getValue()).toISOString()} title={exactText(getValue())}>
        {clockText(getValue())}
      </time>
    ),
  }),
  column.accessor((row) => (row.closed === null ? undefined : row.closed.at - row.openedAt), {
    id: "took",
    header: "Took",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) =>
      row.closed === null ? "open" : <span title={CLOSED_BECAUSE[row.closed.reason]}>{lengthText(row.closed.at - row.openedAt)}</span>,
  }),
  column.accessor((row) => row.answers.length, {
    id: "in",
    header: "In",
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) => `${row.answers.length} of ${row.cohort.length}`,
  }),
  column.display({
    id: "sites",
    header: "Who took part",
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) =>
      row.cohort.filter((site) => row.answers.some((answer) => answer.site === site)).join(", ") || "nobody yet",
  }),
  column.display({ id: "dropped", header: "Dropped, and why", cell: ({ row: { original: row } }) => <Dropped round={row} /> }),
  column.accessor((row) => row.answers.reduce((sum, answer) => sum + answer.bytes, 0), {
    id: "bytes",
    header: "Received",
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => bytesText(getValue()),
  }),
  column.accessor("mean", {
    header: `${METRIC_TITLES[metric]}, mean`,
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => {
      const mean = getValue();
      return mean === undefined ? "–" : metricText(mean);
    },
  }),
  column.display({
    id: "checkpoint",
    header: "Checkpoint",
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) => <Checkpoint round={row} />,
  }),
];

export function RoundsCard({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const columns = useMemo(() => columnsFor(metric), [metric]);
  const rows = view.rounds.map((round): Row => {
    const point = view.curve.find((each) => each.round === round.round);
    return { ...round, mean: point === undefined ? undefined : settledMean(view, point, metric) };
  });
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

function Dropped({ round }: { readonly round: RoundView }) {
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
  if (round.checkpoint === null) return <span className="text-fg-3">not yet</span>;
  return (
    <span className="flex items-center gap-1 font-mono text-12">
      {shortDigest(round.checkpoint.digest)}
      <CopyButton text={round.checkpoint.digest} what={`digest of checkpoint ${round.round}`} iconOnly />
    </span>
  );
}
