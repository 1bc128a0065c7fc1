/** Reads a declared table into typed columns, as a plan needs them, and says what is wrong with it. */
import { existsSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import { readsFile, type Field } from "@engraft/core/models/fields";
import { readCodes, type Codes } from "./codes.ts";
import { countsOf, PatientRows, type Counts } from "./counts.ts";
import { decimalOf, fileOf, type TableDeclaration } from "./declaration.ts";
import { fieldReader, meaningsOf, translated, type Meaning, type Reader } from "./field-reader.ts";
import { isReadable } from "./file-input.ts";
import { Findings, type FindingKind } from "./findings.ts";
import { Growing } from "./growing.ts";
import { inspect } from "./inspect.ts";
import type { SiteSplit } from "./kept-cuts.ts";
import { LABEL, locate, neededColumns, PART, PATIENT, type Places } from "./locate.ts";
import { outcomesOf } from "./outcomes.ts";
import { Patients, RowsAsPatients } from "./patients.ts";
import { readRows } from "./rows.ts";
import { UnreadableTable, type OnRead, type Row } from "./sources/row.ts";
import { PARTS, partNamed, type Part } from "./split.ts";
import { Survey } from "./survey.ts";
import { canonicalCode } from "./values.ts";

/** What a plan reads: `plan.data`. */
export type DataPlan = Plan["data"];

/** Usable rows only, column by column. */
export interface Table {
  readonly rows: number;
  /** One for each field of the plan, in its order. Numbers: the value, NaN where missing. Categories: index into `values`, NaN where missing. */
  readonly columns: readonly Float64Array[];
  /** 1 where the label means yes, else 0. */
  readonly labels: Float64Array;
  /** Index of each row's patient, in order of appearance. */
  readonly patientOf: Uint32Array;
  /** The part of each patient, as an index into `PARTS`. */
  readonly parts: Uint8Array;
  /** Files that the rows name, as paths at the site, each once; a column of pictures or recordings holds an index into them. */
  readonly files: readonly string[];
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
  readonly onRead?: OnRead | undefined;
}

/** Reads the whole table and keeps the plan's columns. Problems become findings. Throws `data-missing` where it cannot be opened, `bad-config` as `Patients`. */
export async function readTable(declaration: TableDeclaration, plan: DataPlan, options: ReadOptions = {}): Promise<TableReading> {
  const { builder, survey } = await read(declaration, plan, options, true);
  return { ...survey, table: builder.table(survey.parts) };
}

/** The same without keeping rows: memory does not grow with the table but for 40 bytes or so a patient. */
export const surveyTable = async (declaration: TableDeclaration, plan: DataPlan, options: ReadOptions = {}): Promise<TableSurvey> =>
  (await read(declaration, plan, options, false)).survey;

async function read(declaration: TableDeclaration, plan: DataPlan, { site, onRead }: ReadOptions, keep: boolean) {
  const findings = new Findings();
  const codes = await readCodes(declaration.codes);
  const patients = new Patients(plan, site);
  const open = async (header: Row, into: Findings): Promise<TableBuilder> => {
    const { line } = header;
    const meanings = await meaningsOf(declaration, plan.fields, codes, { findings: into, line });
    return new TableBuilder({ declaration, plan, codes, patients, keep, meanings, header, findings: into });
  };
  let builder: TableBuilder | undefined;
  try {
    for await (const row of readRows(declaration, { columns: neededColumns(declaration, plan), onRead })) {
      if (builder === undefined) builder = await open(row, findings);
      else builder.add(row.line, row.cells);
    }
    if (builder === undefined) findings.add("no-header", 1);
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error;
    findings.add(error.kind, error.line);
  }
  // A table that could not be read at all: that says it, and not every column that is missing.
  builder ??= await open({ line: 1, cells: [] }, new Findings());
  await builder.leaveOutUnreadable();
  return { builder, survey: { ...(await builder.survey()), findings } };
}

interface Building {
  readonly declaration: TableDeclaration;
  readonly plan: DataPlan;
  readonly codes: Codes;
  readonly patients: Patients;
  readonly meanings: readonly Meaning[];
  readonly header: Row;
  readonly findings: Findings;
  /** Whether the rows themselves are wanted. */
  readonly keep: boolean;
}

class TableBuilder {
  #rowsRead = 0;
  readonly #of: Building;
  readonly #at: Places;
  readonly #missing: ReadonlySet<string>;
  readonly #readField: readonly Reader[];
  readonly #readLabel: Reader;
  readonly #survey: Survey;
  readonly #patientRows: PatientRows;
  readonly #rowsAsPatients = new RowsAsPatients();
  /** Rows with a file are known to be usable only when all files have been looked at: until then they are kept. */
  readonly #keep: boolean;
  readonly #columns: readonly Growing<Float64Array>[];
  readonly #labels = new Growing(new Float64Array());
  readonly #patientOf = new Growing(new Uint32Array());
  readonly #lineOf = new Growing(new Uint32Array());
  readonly #folder: string;
  /** By path; undefined where there is no such file. */
  readonly #files = new Map<string, number | undefined>();
  #fileCount = 0;

  constructor(building: Building) {
    const { declaration, plan, codes, meanings, header, findings } = building;
    this.#of = building;
    this.#at = locate(declaration, plan, header, findings);
    for (const field of plan.fields)
      if (field.kind === "signal" && field.rate !== declaration.rate) findings.add("other-rate", header.line, field.name);
    if (declaration.patient === null) findings.add("rows-as-patients", header.line, PATIENT);
    if (declaration.part !== undefined && plan.split.keyed !== true) findings.add("part-not-allowed", header.line, PART);
    this.#missing = new Set(["", ...declaration.missing]);
    this.#folder = resolve(declaration.files ?? dirname(fileOf(declaration) ?? "."));
    this.#survey = new Survey(plan);
    this.#readField = plan.fields.map((field, index) =>
      fieldReader(field, meanings[index] as Meaning, declaration, {
        fileOf: (name) => this.#file(name),
        observe: (value) => this.#survey.observe(index, value),
      }),
    );
    this.#readLabel = labelReader(plan, decimalOf(declaration), translated(codes.get(plan.label.name), decimalOf(declaration)));
    this.#patientRows = new PatientRows(plan.label);
    this.#keep = building.keep || plan.fields.some(readsFile);
    this.#columns = plan.fields.map(() => new Growing(new Float64Array()));
  }

  add(line: number, cells: readonly string[]): void {
    this.#rowsRead++;
    const { plan, header, findings } = this.#of;
    if (cells.length !== header.cells.length) return findings.add("wrong-column-count", line);
    const values = this.#readField.map((read, index) =>
      this.#value(line, cells[this.#at.fields[index] as number], read, plan.fields[index] as Field),
    );
    // Without its file a row is no sample.
    if (plan.fields.some((field, index) => readsFile(field) && Number.isNaN(values[index]))) {
      if (!this.#at.fields.includes(-1)) findings.add("no-file", line);
      return;
    }
    const targets = this.#label(line, cells);
    const id = this.#patient(line, cells);
    const part = this.#part(line, cells);
    if (targets === undefined || id === undefined || part === null) return;
    const { index, known } = this.#of.patients.numberOf(id);
    if (known) findings.add("repeated-patient", line, PATIENT);
    if (!this.#of.patients.note(index, part)) findings.add("patient-in-two-parts", line, PATIENT);
    if (this.#keep) {
      values.forEach((value, column) => this.#columns[column]?.push(value));
      for (const target of targets) this.#labels.push(target);
      this.#patientOf.push(index);
      this.#lineOf.push(line);
    } else this.#look(line, values, targets, index);
  }

  #value(line: number, text: string | undefined, read: Reader, field: Field): number {
    if (text === undefined || this.#missing.has(text)) return Number.NaN;
    const value = read(text);
    if (typeof value === "number") return value;
    this.#of.findings.add(value, line, field.name);
    return Number.NaN;
  }

  #label(line: number, cells: readonly string[]): readonly number[] | undefined {
    const text = cells[this.#at.label[0] as number];
    const value = text === undefined || this.#missing.has(text) ? "no-label" : this.#readLabel(text);
    if (typeof value === "number") return [value];
    if (!this.#at.label.includes(-1)) this.#of.findings.add(value, line, LABEL);
    return undefined;
  }

  #patient(line: number, cells: readonly string[]): string | undefined {
    if (this.#of.declaration.patient === null)
      return this.#rowsAsPatients.idOf([...this.#at.fields, ...this.#at.label].map((at) => cells[at]));
    const id = cells[this.#at.patient];
    if (id !== undefined && !this.#missing.has(id)) return id;
    if (this.#at.patient >= 0) this.#of.findings.add("no-patient", line, PATIENT);
    return undefined;
  }

  /** Undefined where none is declared, null where the row's cannot be read. */
  #part(line: number, cells: readonly string[]): Part | undefined | null {
    if (this.#at.part < 0) return undefined;
    const part = partNamed(cells[this.#at.part] ?? "");
    if (part === undefined) this.#of.findings.add("unknown-part", line, PART);
    return part ?? null;
  }

  #look(line: number, values: readonly number[], targets: readonly number[], patient: number): void {
    const outcomes = outcomesOf(this.#of.plan.label, targets);
    const first = this.#patientRows.add(patient, outcomes);
    if (this.#survey.add({ line, values, targets, outcomes, patient, first })) this.#of.findings.add("repeated-row", line, PATIENT);
  }

  /** Only files of the declared folder: a table is an export, and may have been written by anybody. */
  #file(name: string): number | FindingKind {
    const path = resolve(this.#folder, name);
    if (!path.startsWith(this.#folder + sep)) return "file-elsewhere";
    if (!this.#files.has(path)) this.#files.set(path, existsSync(path) ? this.#fileCount++ : undefined);
    return this.#files.get(path) ?? "file-missing";
  }

  /** Rows whose file is not what the plan says. */
  async leaveOutUnreadable(): Promise<void> {
    const { plan, findings } = this.#of;
    const field = plan.fields.find(readsFile);
    const column = field === undefined ? undefined : this.#columns[plan.fields.indexOf(field)];
    if (field === undefined || column === undefined || this.#fileCount === 0) return;
    const bad = new Set<number>();
    for (const [path, index] of this.#files) if (index !== undefined && !(await isReadable(path, field))) bad.add(index);
    if (bad.size === 0) return;
    const kept = [...column.view().keys()].filter((row) => {
      const readable = !bad.has(column.at(row));
      if (!readable) findings.add("unreadable-file", this.#lineOf.at(row));
      return readable;
    });
    for (const list of [...this.#columns, this.#labels, this.#patientOf, this.#lineOf]) list.retain(kept);
  }

  async survey(): Promise<TableSurvey & { readonly parts: Uint8Array }> {
    const { plan, findings, patients, meanings, header } = this.#of;
    for (let row = 0; row < this.#patientOf.length; row++) {
      const values = this.#columns.map((column) => column.at(row));
      this.#look(this.#lineOf.at(row), values, [this.#labels.at(row)], this.#patientOf.at(row));
    }
    const parts = await patients.parts(this.#patientRows);
    const counts = countsOf(plan.label, this.#patientRows, parts);
    const absent = new Set(plan.fields.filter((_, index) => (this.#at.fields[index] as number) < 0).map(({ name }) => name));
    await inspect({ plan, survey: this.#survey, meanings, parts, counts, header: header.line, absent, findings });
    const { rows, missing } = this.#survey;
    const seen = PARTS.reduce((sum, part) => sum + counts[part].patients, 0);
    return { rowsRead: this.#rowsRead, rows, patients: seen, missing, counts, findings, parts };
  }

  table(parts: Uint8Array): Table {
    return {
      rows: this.#patientOf.length,
      columns: this.#columns.map((column) => column.view()),
      labels: this.#labels.view(),
      patientOf: this.#patientOf.view(),
      parts,
      files: [...this.#files].flatMap(([path, index]) => (index === undefined ? [] : [path])),
    };
  }
}

function labelReader(plan: DataPlan, decimal: "." | ",", plans: (text: string) => string): Reader {
  const meanings = new Map([
    ...plan.label.negative.map((code) => [canonicalCode(code), 0] as const),
    ...plan.label.positive.map((code) => [canonicalCode(code), 1] as const),
  ]);
  return (text) => meanings.get(canonicalCode(plans(text), decimal)) ?? "unknown-label";
}
