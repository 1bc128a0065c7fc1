/** What a source of rows gives, and gets. */
import type { RecordingFaultKind } from "../recordings/recording.ts";

/** `line`: of a CSV file, on which the row starts (1 is the header); else the row's number (0 is the header). */
export interface Row {
  readonly line: number;
  /** Cells without surrounding blanks; "" where there is no value. The first row holds the names of the columns. */
  readonly cells: readonly string[];
  /** Of a row that is a recording: why it cannot be read. */
  readonly fault?: RecordingFaultKind;
}

/** Why reading stopped before the end of the table. */
export class UnreadableTable extends Error {
  override readonly name = "UnreadableTable";
  readonly kind: "not-text" | "broken-quotes" | "broken-file";
  readonly line: number;
  constructor(kind: UnreadableTable["kind"], line: number) {
    super(kind);
    this.kind = kind;
    this.line = line;
  }
}

/** `done` of `total` in any unit; `total` is 0 where it is not known. */
export type OnRead = (progress: { readonly done: number; readonly total: number }) => void;

export interface Reading {
  /** Names of the columns that are needed; a source may leave the others out. */
  readonly columns: ReadonlySet<string>;
  readonly onRead?: OnRead | undefined;
}
