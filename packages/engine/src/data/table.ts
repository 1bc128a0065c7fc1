/** Reads a declared table into typed columns, as a plan needs them, and says what is wrong with it. */
import { resolve } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { readsFile } from "@engraft/core/models/field-kinds";
import { targetsOf } from "@engraft/core/models/labels";
import { readCodes } from "./codes.ts";
import type { Counts } from "./counts.ts";
import { filesOf, type TableDeclaration } from "./declaration.ts";
import { meaningsOf, wantedOf } from "./field-reader.ts";
import { Findings } from "./findings.ts";
import type { FolderIndex } from "./images/folder-index.ts";
import type { SiteSplit } from "./kept-cuts.ts";
import { labelParts } from "./label.ts";
import { neededColumns } from "./locate.ts";
import { Patients } from "./patients.ts";
import { readRows } from "./rows.ts";
import type { SampleFile } from "./signals.ts";
import { UnreadableTable, type OnRead, type Row } from "./sources/row.ts";
import type { Part } from "./split.ts";
import { TableBuilder } from "./table-builder.ts";

/** What a plan reads: `plan.data`. */
export type DataPlan = Plan["data"];

/** Usable rows only, column by column. */
export interface Table {
  readonly rows: number;
  /** One for each field of the plan, in its order. Numbers: the value, NaN where missing. Categories: index into `values`, NaN where missing. */
  readonly columns: readonly Float64Array[];
  /** Row-major, rows x `targetsOf(plan.label)`: what each row's label says, as models/labels.ts has it; a number in the plan's unit. */
  readonly labels: Float64Array;
  /** Index of each row's patient, in order of appearance. */
  readonly patientOf: Uint32Array;
  /** The part of each patient, as an index into `PARTS`. */
  readonly parts: Uint8Array;
  /** Files that the rows name, or stretches of them, each once; a column of pictures or recordings holds an index into them. */
  readonly files: readonly SampleFile[];
}

/** What is known of a table when it has been read to the end. */
export interface TableSurvey {
  /** Rows below the header, usable or not. */
  readonly rowsRead: number;
  /** Usable rows. */
  readonly rows: number;
  readonly patients: number;
  /** Usable rows without a value, by field in the plan's order. */
  readonly missing: readonly number[];
  readonly counts: Readonly<Record<Part, Counts>>;
  readonly findings: Findings;
}

export interface TableReading extends TableSurvey {
  readonly table: Table;
}

export interface ReadOptions {
  /** Needed where the plan's split is keyed. */
  readonly site?: SiteSplit | undefined;
  /** Also decodes every picture that is named, which training does for itself. */
  readonly pictures?: boolean;
  readonly onRead?: OnRead | undefined;
}

/** Reads the whole table and keeps the plan's columns. Problems become findings. Throws `data-missing` where it cannot be opened, `bad-config` as `Patients`. */
export async function readTable(declaration: TableDeclaration, plan: DataPlan, options: ReadOptions = {}): Promise<TableReading> {
  const { builder, survey } = await read(declaration, plan, options, true);
  return { ...survey, table: builder.table(survey.parts) };
}

/** The same without keeping rows: memory does not grow with the table but for 60 bytes or so a patient, and for each file that it names. */
export const surveyTable = async (declaration: TableDeclaration, plan: DataPlan, options: ReadOptions = {}): Promise<TableSurvey> =>
  (await read(declaration, plan, options, false)).survey;

async function read(declaration: TableDeclaration, plan: DataPlan, { site, pictures = false, onRead }: ReadOptions, keep: boolean) {
  const findings = new Findings();
  const codes = await readCodes(declaration.codes);
  const patients = new Patients(plan, site);
  const index = await indexOf(declaration, plan);
  const open = async (header: Row, into: Findings): Promise<TableBuilder> => {
    const place = { findings: into, line: header.line };
    const meanings = await meaningsOf(declaration, plan.fields.map(wantedOf), codes, place);
    const labelMeanings = await meaningsOf(declaration, labelParts(plan.label), codes, place);
    return new TableBuilder({ declaration, plan, patients, keep, meanings, labelMeanings, header, findings: into, index });
  };
  let builder: TableBuilder | undefined;
  try {
    for await (const row of readRows(declaration, { columns: neededColumns(declaration, plan), onRead })) {
      if (builder === undefined) builder = await open(row, findings);
      else builder.add(row);
    }
    if (builder === undefined) findings.add("no-header", 1);
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error;
    findings.add(error.kind, error.line);
  }
  // A table that could not be read at all: that says it, and not every column that is missing.
  builder ??= await open({ line: 1, cells: [] }, new Findings());
  await builder.leaveOutUnreadable(pictures, onRead);
  return { builder, survey: { ...(await builder.survey()), findings } };
}

/** Where rows name their picture by a number, which file has it. */
async function indexOf(declaration: TableDeclaration, plan: DataPlan): Promise<FolderIndex | undefined> {
  if (declaration.match === undefined || !plan.fields.some(readsFile)) return undefined;
  const { folderIndex } = await import("./images/folder-index.ts");
  return folderIndex(resolve(filesOf(declaration)), declaration.match);
}

/** The rows whose file is not among these. Patients keep their part. */
export function withoutFiles(table: Table, plan: DataPlan, files: ReadonlySet<number>): Table {
  const column = table.columns[plan.fields.findIndex(readsFile)];
  if (files.size === 0 || column === undefined) return table;
  const width = targetsOf(plan.label);
  const kept = Array.from({ length: table.rows }, (_, row) => row).filter((row) => !files.has(column[row] as number));
  return {
    ...table,
    rows: kept.length,
    columns: table.columns.map((values) => Float64Array.from(kept, (row) => values[row] as number)),
    labels: Float64Array.from(kept.flatMap((row) => [...table.labels.subarray(row * width, (row + 1) * width)])),
    patientOf: Uint32Array.from(kept, (row) => table.patientOf[row] as number),
  };
}
