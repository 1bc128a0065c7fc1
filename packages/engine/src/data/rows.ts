/** A table as a stream of rows of text, with line numbers. Memory does not grow with the file. */
import { EngraftError } from "@engraft/core/base/errors";
import { CsvError, parse } from "csv-parse";
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import type { CsvTable, TableDeclaration } from "./declaration.ts";
import type { RecordingFaultKind } from "./recordings/recording.ts";

export interface Row {
  /** Line of the file on which the row starts; 1 is the header. */
  readonly line: number;
  /** Cells without surrounding blanks. */
  readonly cells: readonly string[];
  /** Of a row that is a recording: why it cannot be read. */
  readonly fault?: RecordingFaultKind;
}

/** Why reading stopped before the end of the file. */
export class UnreadableTable extends Error {
  override readonly name = "UnreadableTable";
  readonly kind: "not-text" | "broken-quotes";
  readonly line: number;
  constructor(kind: "not-text" | "broken-quotes", line: number) {
    super(kind);
    this.kind = kind;
    this.line = line;
  }
}

const MAX_ROW = 1024 * 1024;

class NotText extends Error {}

async function* decoded(declaration: CsvTable): AsyncGenerator<string> {
  // A fatal decoder: a wrong encoding must stop the reading, not turn letters of a code into replacement marks.
  const decoder = new TextDecoder(declaration.encoding, { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new NotText("undecodable", { cause });
    }
  };
  for await (const chunk of createReadStream(declaration.path)) yield decode(chunk as Uint8Array);
  yield decode();
}

/** Reads all rows, the names of the columns first. Throws `data-missing` where the file cannot be opened, `UnreadableTable` where reading must stop. */
export async function* readRows(declaration: TableDeclaration): AsyncGenerator<Row> {
  if (declaration.source === "records") yield* (await import("./record-rows.ts")).recordRows(declaration);
  else yield* csvRows(declaration);
}

async function* csvRows(declaration: CsvTable): AsyncGenerator<Row> {
  const parser = parse({
    delimiter: declaration.delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    info: true,
    max_record_size: MAX_ROW,
  });
  // Ends the file's stream with the parser, whichever stops first; the error itself comes out of the loop below.
  pipeline(Readable.from(decoded(declaration)), parser, () => undefined);
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
const linesInside = (cells: readonly string[]): number => cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);

function readingError(error: unknown, line: number): unknown {
  if (error instanceof NotText) return new UnreadableTable("not-text", line);
  // csv-parse writes the value into its message: only the line may go on.
  if (error instanceof CsvError) return new UnreadableTable("broken-quotes", typeof error["lines"] === "number" ? error["lines"] : line);
  if (error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code)) {
    const why = error.code === "ENOENT" ? "there is no such file" : error.code === "EACCES" ? "this account may not read it" : error.code;
    return new EngraftError(
      "data-missing",
      `The declared table cannot be opened: ${why}. Register its path again with \`engraft-site data add\`.`,
    );
  }
  return error;
}
