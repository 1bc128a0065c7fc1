"use client";
import { remembered } from "@engraft/core/base/remembered";
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
import { useWords } from "../../words/language.ts";
import { mainCurve } from "./main-curve.ts";
import { endOf, lostOf, type Lost } from "./secure/steps.ts";
import { ROUNDS_WORDS } from "./words/rounds.ts";
import { STEP_WORDS } from "./words/steps.ts";

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

const columnsFor = (metric: MetricName, plan: Plan, words: typeof ROUNDS_WORDS.en) => [
  column.accessor("round", {
    header: words.round,
    meta: { rowHeader: true, nowrap: true },
    cell: ({ getValue }) => <RoundName plan={plan} round={getValue()} />,
  }),
  column.accessor("openedAt", {
    header: words.opened,
    meta: { nowrap: true },
    cell: ({ getValue }) => (
      <time dateTime={new Date(getValue()).toISOString()} title={exactText(getValue())}>
        {clockText(getValue())}
      </time>
    ),
  }),
  column.accessor((row) => (endOf(row) ?? Number.POSITIVE_INFINITY) - row.openedAt, {
    id: "took",
    header: words.took,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) => <Took round={row} />,
  }),
  column.accessor((row) => sitesIn(row).length, {
    id: "in",
    header: words.in,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original: row } }) => words.inOf(sitesIn(row).length, row.cohort.length),
  }),
  column.display({
    id: "sites",
    header: words.sites,
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) => sitesIn(row).join(", ") || (isSecure(row) ? words.notFixed : words.nobodyYet),
  }),
  column.display({ id: "dropped", header: words.dropped, cell: ({ row: { original: row } }) => <Dropped round={row} /> }),
  column.accessor((row) => row.answers.reduce((sum, answer) => sum + answer.bytes, 0), {
    id: "bytes",
    header: words.received,
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => bytesText(getValue()),
  }),
  column.accessor("figure", {
    header: words.figure(METRIC_TITLES[metric]),
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => {
      const figure = getValue();
      return figure === undefined ? "–" : metricText(figure);
    },
  }),
  column.display({
    id: "checkpoint",
    header: words.checkpoint,
    meta: { nowrap: true },
    cell: ({ row: { original: row } }) => <Checkpoint round={row} />,
  }),
];

export function RoundsCard({ view, metric, plan }: { readonly view: RunView; readonly metric: MetricName; readonly plan: Plan }) {
  const words = useWords(ROUNDS_WORDS);
  const steps = useWords(STEP_WORDS);
  const columns = useMemo(() => columnsFor(metric, plan, words), [metric, plan, words]);
  const { sites } = view;
  // The same row while nothing in it changes: it is not drawn anew.
  const rowOf = useMemo(
    () => remembered((round: RoundView, figure: number | undefined): Row => ({ ...round, lost: lostOf(round, sites, steps), figure })),
    [sites, steps],
  );
  const rows = useMemo(() => {
    const figures = new Map(mainCurve(view, metric).map(({ round, value }) => [round, value]));
    return view.rounds.map((round) => rowOf(round, figures.get(round.round)));
  }, [view, metric, rowOf]);
  return (
    <Card title={words.title} aside={words.aside}>
      {rows.length === 0 ? (
        <Empty title={words.none}>{words.noneWhy}</Empty>
      ) : (
        <DataTable
          caption={words.title}
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
  const words = useWords(ROUNDS_WORDS);
  const end = endOf(round);
  if (end === null) return words.open;
  const attempts = round.attempts.length;
  return (
    <span title={round.closed === null ? undefined : words.closed[round.closed.reason]}>
      {lengthText(end - round.openedAt)}
      {attempts > 1 && <span className="block text-12 text-fg-2">{words.attempts(attempts)}</span>}
    </span>
  );
}

function LostSites({ lost }: { readonly lost: readonly Lost[] }) {
  const words = useWords(ROUNDS_WORDS);
  if (lost.length === 0) return <span className="text-fg-3">{words.nobody}</span>;
  return (
    <ul className="grid min-w-56 gap-0.5">
      {lost.map(({ site, at, text, code }) => (
        <li key={site}>
          <span className="font-medium text-bad">{site}</span> {words.lostAt(at)} {text}{" "}
          {code !== "" && <code className="text-fg-3">{code}</code>}
        </li>
      ))}
    </ul>
  );
}

function Dropped({ round }: { readonly round: Row }) {
  const words = useWords(ROUNDS_WORDS);
  if (isSecure(round)) return <LostSites lost={round.lost} />;
  const answered = (site: string): boolean =>
    round.answers.some((answer) => answer.site === site) || round.dropped.some((dropped) => dropped.site === site);
  const late = round.closed === null ? [] : round.cohort.filter((site) => !answered(site));
  if (round.dropped.length + late.length === 0) return <span className="text-fg-3">{words.nobody}</span>;
  return (
    <ul className="grid min-w-56 gap-0.5">
      {round.dropped.map((dropped) => (
        <li key={dropped.site}>
          <span className="font-medium text-bad">{dropped.site}</span> {dropped.text} <code className="text-fg-3">{dropped.code}</code>
        </li>
      ))}
      {late.map((site) => (
        <li key={site}>
          <span className="font-medium text-bad">{site}</span> {words.late}
        </li>
      ))}
    </ul>
  );
}

function Checkpoint({ round }: { readonly round: RoundView }) {
  const words = useWords(ROUNDS_WORDS);
  if (round.failed !== null) return <span className="text-bad">{words.noSum}</span>;
  if (round.checkpoint === null) return <span className="text-fg-3">{words.notYet}</span>;
  return (
    <span className="flex items-center gap-1 font-mono text-12">
      {shortDigest(round.checkpoint.digest)}
      <CopyButton text={round.checkpoint.digest} what={words.digestOf(round.round)} iconOnly />
    </span>
  );
}
