/** Rows of a Parquet file, one group of rows after the other, of the needed columns alone. */
import { open, type FileHandle } from "node:fs/promises";
import type { AsyncBuffer, FileMetaData, SchemaElement } from "hyparquet";
import { parquetMetadataAsync, parquetScan } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { ParquetTable } from "../declaration.ts";
import { UnreadableTable, type Reading, type Row } from "./row.ts";
import { cannotOpen } from "./cannot-open.ts";
import { textOf } from "./text.ts";

/** Values read at once: a large group of rows is taken in slices. */
const VALUES = 2_000_000;

/** As `readRows`. Nested columns are none that a plan reads: they are left out of the header. */
export async function* parquetRows(declaration: ParquetTable, { columns, onRead }: Reading): AsyncGenerator<Row> {
  const handle = await open(declaration.path).catch((error: unknown) => {
    throw cannotOpen(error) ?? error;
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw cannotOpen(Object.assign(new Error("no file"), { code: "EISDIR" })) ?? new Error("no file");
    const file = bufferOf(handle, stats.size);
    const metadata = await sound(0, () => parquetMetadataAsync(file));
    const header = flatColumns(metadata).filter((name) => columns.has(name));
    yield { line: 0, cells: header };
    if (header.length === 0) return;
    const scan = await sound(0, () => parquetScan({ file, metadata, columns: [...new Set(header)], compressors }));
    const total = Number(metadata.num_rows);
    for (const { rowStart, rowEnd } of slices(scan.ranges, Math.ceil(VALUES / header.length))) {
      const values: ArrayLike<unknown>[] = [];
      for (const column of header) values.push(await sound(rowStart + 1, () => scan.readColumn({ column, rowStart, rowEnd })));
      if (values.some(({ length }) => length !== rowEnd - rowStart)) throw new UnreadableTable("broken-file", rowStart + 1);
      for (let row = 0; row < rowEnd - rowStart; row++)
        yield { line: rowStart + row + 1, cells: values.map((column) => textOf(column[row])) };
      onRead?.({ done: rowEnd, total });
    }
  } finally {
    await handle.close();
  }
}

interface Range {
  readonly rowStart: number;
  readonly rowEnd: number;
}

function* slices(ranges: readonly Range[], most: number): Generator<Range> {
  for (const { rowStart, rowEnd } of ranges)
    for (let start = rowStart; start < rowEnd; start += most) yield { rowStart: start, rowEnd: Math.min(rowEnd, start + most) };
}

/** Names of the columns of the first level that hold one value a row. */
function flatColumns({ schema }: FileMetaData): readonly string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length; at = after(schema, at)) {
    const { name, num_children, repetition_type } = schema[at] as SchemaElement;
    if (num_children === undefined && repetition_type !== "REPEATED") names.push(name);
  }
  return names;
}

/** Position behind an element and everything in it: a schema is listed depth first. */
function after(schema: readonly SchemaElement[], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0); child++) next = after(schema, next);
  return next;
}

/** A damaged file makes the library throw whatever comes first, values among it: only the place may go on. */
async function sound<T>(line: number, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    throw new UnreadableTable("broken-file", line);
  }
}

const bufferOf = (handle: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  slice: (start, end = byteLength) => {
    const from = start < 0 ? byteLength + start : start;
    const bytes = piece(handle, from, from >= 0 && from <= end && end <= byteLength ? end - from : undefined);
    // The library asks for several pieces at once and waits for some: of a damaged file the others fail too.
    bytes.catch(() => undefined);
    return bytes;
  },
});

async function piece(handle: FileHandle, from: number, length: number | undefined): Promise<ArrayBuffer> {
  if (length === undefined) throw new RangeError("outside the file");
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length;) {
    const { bytesRead } = await handle.read(bytes, read, length - read, from + read);
    if (bytesRead === 0) throw new RangeError("the file became shorter");
    read += bytesRead;
  }
  return bytes.buffer;
}
