"use client";
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { Card } from "../../../parts/card.tsx";
import { DataTable } from "../../../parts/data-table.tsx";
import { gainText, listed } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { baseRank, shiftsOf, type PrevalenceRow, type ShiftRow } from "./rows.ts";
import { shiftWords } from "./words.ts";

const column = createColumnHelper<ShiftRow>();

const columnsOf = (words: typeof shiftWords.en) => [
  column.accessor("title", { header: words.field, meta: { rowHeader: true } }),
  column.accessor("site", { header: words.site, meta: { nowrap: true } }),
  // Too few stand last when the largest come first.
  column.accessor(({ psi }) => psi ?? -1, {
    id: "psi",
    header: "PSI",
    meta: { figures: true, nowrap: true },
    sortDescFirst: true,
    cell: ({ row: { original: row } }) => (row.psi === null ? <span className="text-fg-3">{words.tooFew}</span> : row.psi.toFixed(2)),
  }),
  column.accessor("word", {
    header: words.shift,
    meta: { nowrap: true },
    enableSorting: false,
    cell: ({ row: { original: row } }) => (row.psi === null ? "" : <Word row={row} words={words} />),
  }),
  column.accessor(baseRank, {
    id: "base",
    header: words.fromBase,
    meta: { figures: true, nowrap: true },
    sortDescFirst: true,
    cell: ({ row: { original: row } }) =>
      row.base === null ? <span className="text-fg-3">{words.notKnown}</span> : gainText(row.base).slice(0, -1),
  }),
];

/** A bar up to 0.5, with the word: never by colour alone. */
function Word({ row: { psi, word }, words }: { readonly row: ShiftRow; readonly words: typeof shiftWords.en }) {
  const width = Math.min(1, (psi ?? 0) / 0.5) * 56;
  const fill = word === "large" ? "var(--bad)" : word === "some" ? "var(--warn)" : "var(--accent)";
  return (
    <span className="inline-flex items-center gap-2">
      <svg width="56" height="8" aria-hidden>
        <rect width="56" height="8" fill="var(--grid)" />
        <rect width={width} height="8" fill={fill} />
      </svg>
      {word === "too few" ? words.tooFew : words.size[word]}
    </span>
  );
}

/** Nothing where the plan compares with no summary, or the run has not come to its evaluation. */
export function ShiftCard({ plan, view }: { readonly plan: Plan; readonly view: RunView }) {
  const { rows, labels, silent } = useMemo(() => shiftsOf(plan, view), [plan, view]);
  const words = useWords(shiftWords);
  const columns = useMemo(() => columnsOf(words), [words]);
  const reference = plan.metrics.shift;
  if (reference === undefined) return null;
  const large = rows.filter(({ word }) => word === "large").length;
  return (
    <Card
      title={words.title}
      aside={rows.length === 0 ? words.afterLast : large === 0 ? words.noLarge : words.large(large)}
      footer={<p className="text-12 text-fg-2">{words.what(reference.run)}</p>}
    >
      {rows.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">{view.end === null ? words.comes : words.none}</p>
      ) : (
        <>
          <DataTable
            caption={words.caption}
            rows={rows}
            columns={columns}
            rowKey={({ site, field }) => `${site} ${field}`}
            sortBy={[{ id: "psi", desc: true }]}
            dense
          />
          <Labels labels={labels} />
          {silent.length > 0 && <p className="border-t border-line px-4 py-3 text-fg-2">{words.silent(listed(silent, words.and))}</p>}
        </>
      )}
    </Card>
  );
}

function Labels({ labels }: { readonly labels: readonly PrevalenceRow[] }) {
  const words = useWords(shiftWords);
  if (labels.length === 0) return null;
  return (
    <ul className="list tight border-t border-line">
      {labels.map(({ site, label, of, difference }) => (
        <li key={`${site} ${label}`} className="flex flex-wrap gap-x-2 px-4 py-1.5">
          <span className="font-medium">{site}</span>
          <span className="text-fg-2">
            {words.shareOf(label, of)}{" "}
            {difference === null ? words.tooFewToSay : words.points(gainText(100 * difference).replace(/\.?0+$/, ""))}
          </span>
        </li>
      ))}
    </ul>
  );
}
