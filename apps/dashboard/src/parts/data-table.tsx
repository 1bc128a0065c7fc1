"use client";
import {
  flexRender,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type Row,
  type RowData,
  type SortingState,
} from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo, useState } from "react";
import { catalogue, useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { Button } from "./button.tsx";
import { keptRows } from "./kept-rows.ts";
import { TableRegion } from "./table-region.tsx";

declare module "@tanstack/react-table" {
  // The names of the parameters are TanStack's.
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Figures: right-aligned, with tabular digits. */
    readonly figures?: boolean;
    readonly nowrap?: boolean;
    readonly width?: string;
    /** Names the row for screen readers. */
    readonly rowHeader?: boolean;
  }
}

interface DataTableProps<T> {
  /** Says what the table holds; read by screen readers. */
  readonly caption: string;
  readonly rows: readonly T[];
  // TanStack's own type for columns of mixed values.
  readonly columns: readonly ColumnDef<T, never>[];
  readonly rowKey: (row: T) => string;
  readonly muted?: (row: T) => boolean;
  readonly sortBy?: SortingState;
  readonly dense?: boolean;
}

const UNSORTED: SortingState = [];

/** So many rows more are drawn with each press: a page with thousands would stand still at every live update. */
const PORTION = 100;

const WORDS = catalogue(
  {
    shown: (shown: number, all: number) => `The first ${shown} of ${all} rows in this order.`,
    more: (count: number) => `Show ${count} more`,
    all: (count: number) => `Show all ${count}`,
  },
  {
    shown: (shown, all) => `Die ersten ${shown} von ${all} Zeilen in dieser Reihenfolge.`,
    more: (count) => `${count} weitere zeigen`,
    all: (count) => `Alle ${count} zeigen`,
  },
);

/** A real table with sortable heads. The order survives new rows. */
export function DataTable<T extends object>({
  caption,
  rows,
  columns,
  rowKey,
  muted,
  sortBy = UNSORTED,
  dense = false,
}: DataTableProps<T>) {
  const words = useWords(partWords);
  const [sorting, setSorting] = useState<SortingState>(sortBy);
  const [most, setMost] = useState(PORTION);
  const table = useReactTable<T>({
    data: rows as T[],
    columns: columns as ColumnDef<T, never>[],
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowKey,
    getCoreRowModel: keptRows(rowKey),
    getSortedRowModel: getSortedRowModel(),
  });
  const drawn = table.getRowModel().rows.slice(0, most);
  return (
    <TableRegion label={words.table(caption)}>
      <table className={dense ? "dense" : undefined}>
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            {table.getFlatHeaders().map((header) => {
              const meta = header.column.columnDef.meta;
              const order = header.column.getIsSorted();
              const text = flexRender(header.column.columnDef.header, header.getContext());
              return (
                <th
                  key={header.id}
                  scope="col"
                  className={meta?.figures === true ? "n" : undefined}
                  style={{ width: meta?.width }}
                  aria-sort={order === "asc" ? "ascending" : order === "desc" ? "descending" : undefined}
                >
                  {header.column.getCanSort() ? (
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {text}
                      <OrderIcon order={order} />
                    </button>
                  ) : (
                    text
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {drawn.map((row) => (
            <BodyRow key={row.id} row={row} of={row.original} columns={columns} muted={muted?.(row.original) === true} />
          ))}
        </tbody>
      </table>
      {rows.length > most && <Rest shown={most} all={rows.length} onMost={setMost} />}
    </TableRegion>
  );
}

interface BodyRowProps<T> {
  readonly row: Row<T>;
  readonly of: T;
  readonly columns: DataTableProps<T>["columns"];
  readonly muted: boolean;
}

function Cells<T>({ row, muted }: BodyRowProps<T>) {
  return (
    <tr className={muted ? "muted" : undefined}>
      {row.getVisibleCells().map((cell) => {
        const meta = cell.column.columnDef.meta;
        const content = flexRender(cell.column.columnDef.cell, cell.getContext());
        return meta?.rowHeader === true ? (
          <th key={cell.id} scope="row" className={cellClass(meta)}>
            {content}
          </th>
        ) : (
          <td key={cell.id} className={cellClass(meta)}>
            {content}
          </td>
        );
      })}
    </tr>
  );
}

/** The table wraps every row anew with each list it is given: what counts is the row that was given. */
const BodyRow = memo(
  Cells,
  (before, after) => before.of === after.of && before.columns === after.columns && before.muted === after.muted,
) as typeof Cells;

const cellClass = (meta: { readonly figures?: boolean; readonly nowrap?: boolean } | undefined): string | undefined =>
  `${meta?.figures === true ? "n" : ""} ${meta?.nowrap === true ? "whitespace-nowrap" : ""}`.trim() || undefined;

function OrderIcon({ order }: { readonly order: "asc" | "desc" | false }) {
  if (order === false) return null;
  return order === "asc" ? <ArrowUp size={12} aria-hidden /> : <ArrowDown size={12} aria-hidden />;
}

/** Nothing is left out silently. */
function Rest({ shown, all, onMost }: { readonly shown: number; readonly all: number; readonly onMost: (most: number) => void }) {
  const words = useWords(WORDS);
  const more = Math.min(PORTION, all - shown);
  return (
    <div className="sticky left-0 flex flex-wrap items-center gap-3 px-4 py-3 text-12 text-fg-2">
      {words.shown(shown, all)}
      <Button size="small" onClick={() => onMost(shown + more)}>
        {words.more(more)}
      </Button>
      {all - shown > more && (
        <Button size="small" onClick={() => onMost(all)}>
          {words.all(all)}
        </Button>
      )}
    </div>
  );
}
