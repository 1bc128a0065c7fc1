/** A table as a stream of rows of text, whatever holds it. Memory does not grow with the table. */
import type { TableDeclaration } from "./declaration.ts";
import { csvRows } from "./sources/csv.ts";
import type { Reading, Row } from "./sources/row.ts";

/** Reads all rows, the names of the columns first. Throws `data-missing` where the table cannot be opened, `UnreadableTable` where reading must stop. */
export async function* readRows(declaration: TableDeclaration, reading: Reading): AsyncGenerator<Row> {
  // Loaded late: most sites have one kind of source.
  if (declaration.source === "parquet") yield* (await import("./sources/parquet.ts")).parquetRows(declaration, reading);
  else if (declaration.source === "sql") yield* (await import("./sources/sql.ts")).sqlRows(declaration, reading);
  else if (declaration.source === "records") yield* (await import("./record-rows.ts")).recordRows(declaration, reading);
  else yield* csvRows(declaration, reading);
}
