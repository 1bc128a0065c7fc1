/** Reads a declared table into typed columns, as a plan needs them. */
import { resolve } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { readsFile, type Field } from "@engraft/core/models/fields";
import { targetsOf } from "@engraft/core/models/labels";
import { labelColumns, labelReader, type LabelReader } from "./label.ts";
import { inTurns } from "../base/in-turns.ts";
import { decimalOf, filesOf, type TableDeclaration } from "./declaration.ts";
import { fileChecker, FileList, type Looked } from "./files.ts";
import { Findings, type FindingKind } from "./findings.ts";
import type { FolderIndex } from "./images/folder-index.ts";
import { readRows, UnreadableTable, type Row } from "./rows.ts";
import { FILE_COLUMN } from "./record-rows.ts";
import type { SampleFile } from "./signals.ts";
import { canonicalCode, parseNumber } from "./values.ts";

/** What a plan reads: `plan.data`. */
export type DataPlan = Plan["data"];

/** Usable rows only, column by column. */
export interface Table {
  readonly rows: number;
  /** One for each field of the plan, in its order. Numbers: the value, NaN where missing. Categories: index into `values`, NaN where missing. */
  readonly columns: readonly Float64Array[];
  /** Row-major, rows x `targetsOf(plan.label)`: what each row's label says, as models/labels.ts has it; a number in its own unit. */
  readonly labels: Float64Array;
  /** Index of each row's patient in `patients`. */
  readonly patientOf: Uint32Array;
  /** Patient ids in order of appearance. They stay in the process that reads them. */
  readonly patients: readonly string[];
  /** Files that the rows name, or stretches of them, each once; a column of pictures or recordings holds an index into them. */
  readonly files: readonly SampleFile[];
}

export interface TableReading {
  readonly table: Table;
  /** Rows below the header, usable or not. */
  readonly rowsRead: number;
  readonly findings: Findings;
}

const PATIENT = "patient id";
const BEAT = "beat";

/** Reads the whole file; `pictures`: also every picture it names, which training does for itself. Problems become findings; throws `data-missing` where the file cannot be opened. */
export async function readTable(declaration: TableDeclaration, plan: DataPlan, { pictures = false } = {}): Promise<TableReading> {
  const findings = new Findings();
  const index = await indexOf(declaration, plan);
  let builder: TableBuilder | undefined;
  try {
    for await (const row of readRows(declaration)) {
      if (builder === undefined) builder = new TableBuilder(declaration, plan, row.cells, findings, index);
      else builder.add(row);
    }
    if (builder === undefined) findings.add("no-header", 1);
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error;
    findings.add(error.kind, error.line);
  }
  builder ??= new TableBuilder(declaration, plan, [], new Findings());
  await builder.leaveOutUnreadable(pictures);
  return { table: builder.table(), rowsRead: builder.rowsRead, findings };
}

/** Pictures looked at together: while one is decoded, the next are read. */
const PICTURES_AT_ONCE = 4;

/** Where rows name their picture by a number, which file has it. */
async function indexOf(declaration: TableDeclaration, plan: DataPlan): Promise<FolderIndex | undefined> {
  if (declaration.match === undefined || !plan.fields.some(readsFile)) return undefined;
  const { folderIndex } = await import("./images/folder-index.ts");
  return folderIndex(resolve(filesOf(declaration)), declaration.match);
}

/** Rows of a folder hold the name of their recording in one column, whatever the plan calls it. */
const columnOf = ({ columns, source }: TableDeclaration, field: Field): string =>
  columns[field.name] ?? (source === "records" && readsFile(field) ? FILE_COLUMN : field.name);

/** Position of each needed column in the header; -1 where it is missing. */
interface Places {
  readonly fields: readonly number[];
  readonly label: readonly number[];
  readonly patient: number;
  readonly beat: number | undefined;
}

function locate(declaration: TableDeclaration, plan: DataPlan, header: readonly string[], findings: Findings): Places {
  const seen = new Set<string>();
  for (const name of header) {
    if (seen.has(name)) findings.add("duplicate-header", 1);
    seen.add(name);
  }
  const position = (column: string, field: string): number => {
    const at = header.indexOf(column);
    if (at < 0) findings.add("missing-column", 1, field);
    return at;
  };
  return {
    fields: plan.fields.map((field) => position(columnOf(declaration, field), field.name)),
    label: labelColumns(declaration, plan.label).map(({ column, of }) => position(column, of)),
    patient: position(declaration.patient, PATIENT),
    beat: declaration.at === undefined ? undefined : position(declaration.at, BEAT),
  };
}

/** `beat`: seconds into the recording, of a row that is one. */
type Reader = (text: string, beat?: number) => number | FindingKind;

function fieldReader(field: Field, decimal: "." | ",", fileOf: Reader): Reader {
  if (field.kind === "image" || field.kind === "signal") return fileOf;
  if (field.kind === "number") {
    return (text) => {
      const value = parseNumber(text, decimal);
      return value === undefined ? "not-a-number" : value < field.min || value > field.max ? "outside-range" : value;
    };
  }
  const indices = new Map(field.values.map((value, index) => [canonicalCode(value.code), index]));
  return (text) => indices.get(canonicalCode(text, decimal)) ?? "unknown-code";
}

class TableBuilder {
  rowsRead = 0;
  readonly #plan: DataPlan;
  readonly #findings: Findings;
  readonly #width: number;
  readonly #at: Places;
  readonly #missing: ReadonlySet<string>;
  readonly #readField: readonly Reader[];
  readonly #readLabel: LabelReader;
  readonly #columns: number[][];
  /** Row-major, as in `Table`. */
  readonly #labels: number[] = [];
  readonly #patientOf: number[] = [];
  readonly #lineOf: number[] = [];
  readonly #patients = new Map<string, number>();
  readonly #files: FileList;

  constructor(declaration: TableDeclaration, plan: DataPlan, header: readonly string[], findings: Findings, index?: FolderIndex) {
    this.#plan = plan;
    this.#findings = findings;
    this.#width = header.length;
    this.#at = locate(declaration, plan, header, findings);
    for (const field of plan.fields) {
      if (field.kind !== "signal" || (field.beats === undefined) === (declaration.at === undefined)) continue;
      findings.add(field.beats === undefined ? "not-by-beat" : "no-beats", 1, field.name);
    }
    this.#missing = new Set(["", ...declaration.missing]);
    this.#files = new FileList(filesOf(declaration), declaration.rate, index);
    this.#readField = plan.fields.map((field) => fieldReader(field, decimalOf(declaration), (name, beat) => this.#files.add(name, beat)));
    this.#readLabel = labelReader(plan.label, decimalOf(declaration), declaration.source === "records" && "key" in declaration.labels);
    this.#columns = plan.fields.map(() => []);
  }

  add({ line, cells, fault }: Row): void {
    this.rowsRead++;
    if (fault !== undefined) return this.#findings.add(fault, line);
    if (cells.length !== this.#width) return this.#findings.add("wrong-column-count", line);
    const beat = this.#at.beat === undefined ? undefined : parseNumber(cells[this.#at.beat] ?? "", ".");
    if (this.#at.beat !== undefined && beat === undefined) return this.#findings.add("no-beat", line, BEAT);
    const values = this.#readField.map((read, index) =>
      this.#value(line, cells[this.#at.fields[index] as number], (text) => read(text, beat), this.#plan.fields[index] as Field),
    );
    // Without its file a row is no sample.
    if (this.#plan.fields.some((field, index) => readsFile(field) && Number.isNaN(values[index]))) {
      if (!this.#at.fields.includes(-1)) this.#findings.add("no-file", line);
      return;
    }
    const label = this.#label(line, cells);
    const patient = this.#patient(line, cells[this.#at.patient]);
    if (label === undefined || patient === undefined) return;
    values.forEach((value, index) => this.#columns[index]?.push(value));
    this.#labels.push(...label);
    this.#patientOf.push(this.#number(line, patient));
    this.#lineOf.push(line);
  }

  #value(line: number, text: string | undefined, read: Reader, field: Field): number {
    if (text === undefined || this.#missing.has(text)) return Number.NaN;
    const value = read(text);
    if (typeof value === "number") return value;
    this.#findings.add(value, line, field.name);
    return Number.NaN;
  }

  #label(line: number, cells: readonly string[]): readonly number[] | undefined {
    const texts = this.#at.label.map((at) => cells[at]).map((text) => (text === undefined || this.#missing.has(text) ? undefined : text));
    const { targets, problems } = this.#readLabel(texts);
    if (!this.#at.label.includes(-1)) for (const problem of problems) this.#findings.add(problem.kind, line, problem.of);
    return targets;
  }

  #patient(line: number, id: string | undefined): string | undefined {
    if (id !== undefined && !this.#missing.has(id)) return id;
    if (this.#at.patient >= 0) this.#findings.add("no-patient", line, PATIENT);
    return undefined;
  }

  /** Rows whose file is not what the plan says. `pictures`: whether they are decoded to see it. */
  async leaveOutUnreadable(pictures: boolean): Promise<void> {
    const field = this.#plan.fields.find(readsFile);
    const column = field === undefined ? undefined : this.#columns[this.#plan.fields.indexOf(field)];
    if (field === undefined || column === undefined) return;
    const bad = new Map<number, FindingKind>();
    const checker = fileChecker(field, pictures);
    const firstRow = new Map(column.map((file, row) => [file, row] as const).toReversed());
    const note = (index: number, kind: FindingKind): void =>
      this.#findings.add(kind, this.#lineOf[firstRow.get(index) ?? -1] ?? 1, field.name);
    const seen: Looked[] = [];
    const files = this.#files.list();
    await inTurns([...files.entries()], field.kind === "image" ? PICTURES_AT_ONCE : 1, async ([index, file]) => {
      seen[index] = await checker.look(file, index);
    });
    for (const [index, { fault, notes }] of seen.entries()) {
      if (fault !== undefined) bad.set(index, fault);
      for (const kind of notes) note(index, kind);
    }
    for (const { index, note: kind } of checker.afterAll()) note(index, kind);
    if (bad.size === 0) return;
    const kept = [...column.keys()].filter((row) => {
      const fault = bad.get(column[row] as number);
      if (fault !== undefined) this.#findings.add(fault, this.#lineOf[row] as number);
      return fault === undefined;
    });
    const width = targetsOf(this.#plan.label);
    this.#labels.splice(0, this.#labels.length, ...kept.flatMap((row) => this.#labels.slice(row * width, (row + 1) * width)));
    for (const list of [...this.#columns, this.#patientOf, this.#lineOf]) {
      list.splice(0, list.length, ...kept.map((row) => list[row] as number));
    }
  }

  /** The patient's index, a new one at the first usable row. */
  #number(line: number, patient: string): number {
    const known = this.#patients.get(patient);
    if (known !== undefined) this.#findings.add("repeated-patient", line, PATIENT);
    else this.#patients.set(patient, this.#patients.size);
    return known ?? this.#patients.size - 1;
  }

  table(): Table {
    return {
      rows: this.#patientOf.length,
      columns: this.#columns.map((values) => Float64Array.from(values)),
      labels: Float64Array.from(this.#labels),
      patientOf: Uint32Array.from(this.#patientOf),
      patients: [...this.#patients.keys()],
      files: this.#files.list(),
    };
  }
}

/** The rows whose file is not among these. */
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
