/** Reads a declared table into typed columns, as a plan needs them. */
import { existsSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { readsFile, type Field } from "@engraft/core/models/fields";
import { targetsOf } from "@engraft/core/models/labels";
import type { TableDeclaration } from "./declaration.ts";
import { isReadable } from "./file-input.ts";
import { Findings, type FindingKind } from "./findings.ts";
import { labelColumns, labelReader, type LabelReader } from "./label.ts";
import { readRows, UnreadableTable } from "./rows.ts";
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
  /** Files that the rows name, as paths at the site, each once; a column of pictures or recordings holds an index into them. */
  readonly files: readonly string[];
}

export interface TableReading {
  readonly table: Table;
  /** Rows below the header, usable or not. */
  readonly rowsRead: number;
  readonly findings: Findings;
}

const PATIENT = "patient id";

/** Reads the whole file. Problems become findings; throws `data-missing` where the file cannot be opened. */
export async function readTable(declaration: TableDeclaration, plan: DataPlan): Promise<TableReading> {
  const findings = new Findings();
  let builder: TableBuilder | undefined;
  try {
    for await (const row of readRows(declaration)) {
      if (builder === undefined) builder = new TableBuilder(declaration, plan, row.cells, findings);
      else builder.add(row.line, row.cells);
    }
    if (builder === undefined) findings.add("no-header", 1);
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error;
    findings.add(error.kind, error.line);
  }
  builder ??= new TableBuilder(declaration, plan, [], new Findings());
  await builder.leaveOutUnreadable();
  return { table: builder.table(), rowsRead: builder.rowsRead, findings };
}

/** Position of each needed column in the header; -1 where it is missing. */
interface Places {
  readonly fields: readonly number[];
  readonly label: readonly number[];
  readonly patient: number;
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
    fields: plan.fields.map((field) => position(declaration.columns[field.name] ?? field.name, field.name)),
    label: labelColumns(declaration, plan.label).map(({ column, of }) => position(column, of)),
    patient: position(declaration.patient, PATIENT),
  };
}

type Reader = (text: string) => number | FindingKind;

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
  readonly #folder: string;
  /** By path; undefined where there is no such file. */
  readonly #files = new Map<string, number | undefined>();

  constructor(declaration: TableDeclaration, plan: DataPlan, header: readonly string[], findings: Findings) {
    this.#plan = plan;
    this.#findings = findings;
    this.#width = header.length;
    this.#at = locate(declaration, plan, header, findings);
    for (const field of plan.fields)
      if (field.kind === "signal" && field.rate !== declaration.rate) findings.add("other-rate", 1, field.name);
    this.#missing = new Set(["", ...declaration.missing]);
    this.#folder = resolve(declaration.files ?? dirname(declaration.path));
    this.#readField = plan.fields.map((field) => fieldReader(field, declaration.decimal, (name) => this.#file(name)));
    this.#readLabel = labelReader(plan.label, declaration.decimal);
    this.#columns = plan.fields.map(() => []);
  }

  add(line: number, cells: readonly string[]): void {
    this.rowsRead++;
    if (cells.length !== this.#width) return this.#findings.add("wrong-column-count", line);
    const values = this.#readField.map((read, index) =>
      this.#value(line, cells[this.#at.fields[index] as number], read, this.#plan.fields[index] as Field),
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

  /** Only files of the declared folder: a table is an export, and may have been written by anybody. */
  #file(name: string): number | FindingKind {
    const path = resolve(this.#folder, name);
    if (!path.startsWith(this.#folder + sep)) return "file-elsewhere";
    if (!this.#files.has(path)) this.#files.set(path, existsSync(path) ? this.#fileCount++ : undefined);
    return this.#files.get(path) ?? "file-missing";
  }
  #fileCount = 0;

  /** Rows whose file is not what the plan says. */
  async leaveOutUnreadable(): Promise<void> {
    const field = this.#plan.fields.find(readsFile);
    const column = field === undefined ? undefined : this.#columns[this.#plan.fields.indexOf(field)];
    if (field === undefined || column === undefined || this.#fileCount === 0) return;
    const bad = new Set<number>();
    for (const [path, index] of this.#files) if (index !== undefined && !(await isReadable(path, field))) bad.add(index);
    if (bad.size === 0) return;
    const kept = [...column.keys()].filter((row) => {
      const readable = !bad.has(column[row] as number);
      if (!readable) this.#findings.add("unreadable-file", this.#lineOf[row] as number);
      return readable;
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
      files: [...this.#files].flatMap(([path, index]) => (index === undefined ? [] : [path])),
    };
  }
}
