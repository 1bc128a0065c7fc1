"use client";
import {
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type RowData,
  type SortingState,
} from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useState } from "react";

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

/** A real table with sortable heads. The order survives new rows. */
export function DataTable<T>({ caption, rows, columns, rowKey, muted, sortBy = UNSORTED, dense = false }: DataTableProps<T>) {
  const [sorting, setSorting] = useState<SortingState>(sortBy);
  const table = useReactTable<T>({
    data: rows as T[],
    columns: columns as ColumnDef<T, never>[],
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowKey,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  return (
    <div className="scroll relative" role="region" aria-label={`${caption}, table`} tabIndex={0}>
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
                      {order === "asc" && <ArrowUp size={12} aria-hidden />}
                      {order === "desc" && <ArrowDown size={12} aria-hidden />}
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
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} className={muted?.(row.original) === true ? "muted" : undefined}>
              {row.getVisibleCells().map((cell) => {
                const meta = cell.column.columnDef.meta;
                const content = flexRender(cell.column.columnDef.cell, cell.getContext());
                const className =
                  `${meta?.figures === true ? "n" : ""} ${meta?.nowrap === true ? "whitespace-nowrap" : ""}`.trim() || undefined;
                return meta?.rowHeader === true ? (
                  <th key={cell.id} scope="row" className={className}>
                    {content}
                  </th>
                ) : (
                  <td key={cell.id} className={className}>
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
