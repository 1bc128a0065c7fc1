"use client";
import type { RunSummary } from "@engraft/coordinator/api/views";
import { createColumnHelper } from "@tanstack/react-table";
import Link from "next/link";
import { useMemo } from "react";
import { Card } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { metricText } from "../../parts/figures.ts";
import { MarkSample, markOf } from "../../parts/site-key.tsx";
import { useWords } from "../../words/language.ts";
import { PhaseChip } from "../runs/phase.tsx";
import { MAX_IN_COLOUR, type Line } from "./lines.ts";
import { compareWords } from "./words.ts";

interface RankedRun {
  readonly line: Line;
  readonly summary: RunSummary;
}

const column = createColumnHelper<RankedRun>();

interface RankingProps {
  /** Best first. */
  readonly lines: readonly Line[];
  readonly runs: readonly RunSummary[];
  readonly focused: string | null;
  readonly onToggle: (run: string) => void;
}

export function RankingCard({ lines, runs, focused, onToggle }: RankingProps) {
  const words = useWords(compareWords);
  const rows = lines.flatMap((line) => {
    const summary = runs.find(({ run }) => run === line.run);
    return summary === undefined ? [] : [{ line, summary }];
  });
  const columns = useMemo(() => columnsOf(words, onToggle), [words, onToggle]);
  return (
    <Card
      title={words.ranking}
      aside={words.rankingAside}
      footer={<span className="text-12 text-fg-2">{words.highlightHint(MAX_IN_COLOUR)}</span>}
    >
      <div className="max-h-[420px] overflow-y-auto">
        <DataTable
          caption={words.ranking}
          rows={rows}
          columns={columns}
          rowKey={({ line }) => line.run}
          muted={({ line }) => focused !== null && focused !== line.run}
          dense
        />
      </div>
    </Card>
  );
}

const columnsOf = (words: typeof compareWords.en, onToggle: (run: string) => void) => [
  column.display({
    id: "colour",
    header: words.inColour,
    cell: ({ row: { original } }) => (
      <label className="flex min-h-6 items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-(--accent)"
          checked={original.line.slot !== null}
          onChange={() => onToggle(original.line.run)}
          aria-label={words.colourOf(original.line.run)}
        />
        {original.line.slot !== null && <MarkSample mark={markOf(original.line.slot)} />}
      </label>
    ),
  }),
  column.accessor((row) => row.line.run, {
    id: "run",
    header: words.run,
    meta: { rowHeader: true, nowrap: true },
    cell: ({ row: { original } }) => (
      <Link className="text-fg" href={`/runs/${original.line.run}`}>
        {original.line.run}
      </Link>
    ),
  }),
  column.accessor((row) => row.line.best?.value, {
    id: "best",
    header: words.best,
    meta: { figures: true, nowrap: true },
    cell: ({ row: { original } }) =>
      original.line.best === undefined ? (
        "–"
      ) : (
        <>
          <b className="font-semibold">{metricText(original.line.best.value)}</b>{" "}
          <span className="text-12 text-fg-2">
            {words.bestAt} {original.line.best.round}
          </span>
        </>
      ),
  }),
  column.accessor((row) => row.line.last, {
    id: "last",
    header: words.last,
    meta: { figures: true },
    cell: ({ row: { original } }) => (original.line.last === undefined ? "–" : metricText(original.line.last)),
  }),
  column.accessor((row) => row.summary.round, { id: "rounds", header: words.rounds, meta: { figures: true } }),
  column.accessor((row) => row.summary.phase, {
    id: "state",
    header: words.state,
    cell: ({ row: { original } }) => <PhaseChip phase={original.summary.phase} />,
  }),
  column.display({
    id: "plan",
    header: words.plan,
    meta: { nowrap: true },
    cell: ({ row: { original } }) => (
      <Link href={`/plans/${original.summary.plan.digest}`}>
        {original.summary.plan.name} v{original.summary.plan.version}
      </Link>
    ),
  }),
];
