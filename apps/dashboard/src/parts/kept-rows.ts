/** TanStack's own row model wraps every row anew with each list that it is given; this one only those that it does not know yet. */
import { remembered } from "@engraft/core/base/remembered";
import { createRow, type RowModel, type Table } from "@tanstack/react-table";

export const keptRows =
  <T extends object>(rowKey: (row: T) => string) =>
  (table: Table<T>): (() => RowModel<T>) => {
    // A row keeps what its columns made of it: with other columns it is another.
    const rowOf = remembered((original: T, _columns: unknown) => createRow(table, rowKey(original), original, 0, 0));
    const modelOf = remembered((data: readonly T[], columns: unknown): RowModel<T> => {
      const rows = data.map((original, index) => Object.assign(rowOf(original, columns), { index }));
      return { rows, flatRows: rows, rowsById: Object.fromEntries(rows.map((row) => [row.id, row])) };
    });
    return () => modelOf(table.options.data, table.options.columns);
  };
