/** Rows of a folder of recordings: one for each record, or for each of its annotated beats. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { parse } from "csv-parse/sync";
import type { RecordsTable } from "./declaration.ts";
import { FILE_COLUMN, RECORD_COLUMNS } from "./record-columns.ts";
import { FilesOnDisk } from "./recordings/bytes.ts";
import { openRecording } from "./recordings/open.ts";
import { RecordingFault, type Recording, type RecordingFaultKind } from "./recordings/recording.ts";
import { isBeat } from "./recordings/wfdb-annotations.ts";
import type { Reading, Row } from "./sources/row.ts";

const MAX_RECORDS = 1_000_000;

/** As `readRows`, in order of their names. Throws `data-missing` where the folder cannot be read. */
export async function* recordRows(declaration: RecordsTable, { onRead }: Reading): AsyncGenerator<Row> {
  const { path, ending, labels, columns, part } = declaration;
  const [names, patients] = [await recordsIn(path, ending), await patientsOf(declaration)];
  // Other columns are words of the header, for example Age.
  const words = [...new Set([...Object.values(columns), ...(part === undefined ? [] : [part])])].filter((column) => column !== FILE_COLUMN);
  yield { line: 0, cells: [FILE_COLUMN, RECORD_COLUMNS.at, RECORD_COLUMNS.patient, RECORD_COLUMNS.label, ...words] };
  let line = 0;
  for (const [index, name] of names.entries()) {
    const patient = patientOf(name, ending, patients);
    const rows = await withRecording(join(path, name), path, (recording) => rowsOf(recording, labels, ending));
    if (typeof rows === "string") yield { line: ++line, cells: [], fault: rows };
    else
      for (const { at, label, header } of rows)
        yield { line: ++line, cells: [name, at, patient, label, ...words.map((word) => header.get(word) ?? "")] };
    onRead?.({ done: index + 1, total: names.length });
  }
}

async function recordsIn(folder: string, ending: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new EngraftError("data-missing", "The folder of recordings cannot be read. Register it again with `engraft-site data add`.", {
      cause,
    });
  });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(ending.toLowerCase()))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  if (names.length > MAX_RECORDS)
    throw new EngraftError("data-invalid", "The folder holds more than a million recordings. Register parts of it.");
  return names.toSorted();
}

/** Undefined where there is no file of patients. */
async function patientsOf({ patients }: RecordsTable): Promise<ReadonlyMap<string, string> | undefined> {
  if (patients === undefined) return undefined;
  const wrong = (cause?: unknown): EngraftError =>
    new EngraftError("data-invalid", "The file of patients cannot be read. It is CSV with the columns record and patient, in UTF-8.", {
      cause,
    });
  const text = await readFile(patients).catch((cause: unknown) => {
    throw new EngraftError("data-missing", "The file of patients cannot be opened. Register the recordings again.", { cause });
  });
  let rows: readonly Readonly<Record<string, string>>[];
  try {
    rows = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true });
  } catch (error) {
    throw wrong(error);
  }
  const map = new Map<string, string>();
  for (const { record, patient } of rows) {
    if (record === undefined || patient === undefined) throw wrong();
    map.set(record, patient);
  }
  return map;
}

/** By the record's name without folder and ending; "" where the file of patients lacks it. */
function patientOf(name: string, ending: string, patients: ReadonlyMap<string, string> | undefined): string {
  const whole = name.slice(0, -ending.length).split(sep).join("/");
  if (patients === undefined) return whole;
  return patients.get(whole) ?? patients.get(basename(whole)) ?? "";
}

interface RecordRow {
  readonly at: string;
  readonly label: string;
  readonly header: ReadonlyMap<string, string>;
}

async function rowsOf(recording: Recording, labels: RecordsTable["labels"], ending: string): Promise<readonly RecordRow[]> {
  const header = recording.labels;
  if ("key" in labels) return [{ at: "", label: header.get(labels.key) ?? "", header }];
  const annotations = await recording.annotations(labels.annotator);
  // Annotations of WFDB are beats and other things; those of other formats are whatever the plan's codes say.
  const beats = ending.toLowerCase() === ".hea" ? annotations.filter(({ code }) => isBeat(code)) : annotations;
  return beats.map(({ seconds, code }) => ({ at: String(seconds), label: code, header }));
}

/** What `use` gives, or why the recording cannot be read. */
async function withRecording<T>(path: string, folder: string, use: (recording: Recording) => Promise<T>): Promise<T | RecordingFaultKind> {
  let files: FilesOnDisk | undefined;
  try {
    files = await FilesOnDisk.open(path, folder);
    // Neither labels nor annotations depend on what is declared for CSV.
    return await use(await openRecording(files, { rate: 1, unit: "1" }));
  } catch (error) {
    if (error instanceof RecordingFault) return error.kind;
    throw error;
  } finally {
    await files?.close();
  }
}
