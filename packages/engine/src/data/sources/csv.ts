/** Rows of a CSV file, with line numbers. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import type { CsvTable } from "../declaration.ts";
import { UnreadableTable, type Reading, type Row } from "./row.ts";
import { cannotOpen } from "./cannot-open.ts";

const MAX_ROW = 1024 * 1024;

class NotText extends Error {}

async function* decoded(declaration: CsvTable, { onRead }: Reading): AsyncGenerator<string> {
  // A fatal decoder: a wrong encoding must stop the reading, not turn letters of a code into replacement marks.
  const decoder = new TextDecoder(declaration.encoding, { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new NotText("undecodable", { cause });
    }
  };
  const total = onRead === undefined ? 0 : (await stat(declaration.path)).size;
  let done = 0;
  for await (const chunk of createReadStream(declaration.path)) {
    yield decode(chunk as Uint8Array);
    onRead?.({ done: (done += (chunk as Uint8Array).byteLength), total });
  }
  yield decode();
}

/** As `readRows`. */
export async function* csvRows(declaration: CsvTable, reading: Reading): AsyncGenerator<Row> {
  const parser = parse({
    delimiter: declaration.delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    info: true,
    max_record_size: MAX_ROW,
  });
  // Ends the file's stream with the parser, whichever stops first; the error itself comes out of the loop below.
  pipeline(Readable.from(decoded(declaration, reading)), parser, () => undefined);
  let line = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { line: info.lines - linesInside(record), cells: record };
      line = info.lines + 1;
    }
  } catch (error) {
    throw readingError(error, line);
  }
}

/** Line breaks inside quoted cells: csv-parse counts to the last line of a row. */
function linesInside(cells: readonly string[]): number {
  let lines = 0;
  for (const cell of cells) if (cell.includes("\n") || cell.includes("\r")) lines += cell.match(/\r\n|\r|\n/g)?.length ?? 0;
  return lines;
}

function readingError(error: unknown, line: number): unknown {
  if (error instanceof NotText) return new UnreadableTable("not-text", line);
  // csv-parse writes the value into its message: only the line may go on.
  if (error instanceof CsvError) return new UnreadableTable("broken-quotes", typeof error["lines"] === "number" ? error["lines"] : line);
  return cannotOpen(error) ?? error;
}
