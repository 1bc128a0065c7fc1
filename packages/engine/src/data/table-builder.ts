/** One row after the other becomes typed columns, counts and findings. */
import { readsFile } from "@engraft/core/models/field-kinds";
import type { Field } from "@engraft/core/models/fields";
import { targetsOf } from "@engraft/core/models/labels";
import { countsOf, PatientRows } from "./counts.ts";
import { decimalOf, filesOf, type TableDeclaration } from "./declaration.ts";
import { fieldReader, type Meaning, type Reader } from "./field-reader.ts";
import { FileList, lookAtFiles } from "./files.ts";
import type { Findings } from "./findings.ts";
import { Growing } from "./growing.ts";
import type { FolderIndex } from "./images/folder-index.ts";
import { inspect } from "./inspect.ts";
import { labelReader, type LabelReader } from "./label.ts";
import { BEAT, locate, PART, PATIENT, type Places } from "./locate.ts";
import { outcomesOf } from "./outcomes.ts";
import { RowsAsPatients, type Patients } from "./patients.ts";
import type { OnRead, Row } from "./sources/row.ts";
import { PARTS, partNamed, type Part } from "./split.ts";
import { Survey } from "./survey.ts";
import type { DataPlan, Table, TableSurvey } from "./table.ts";
import { parseNumber } from "./values.ts";

export interface Building {
  readonly declaration: TableDeclaration;
  readonly plan: DataPlan;
  readonly patients: Patients;
  /** Of the fields. */
  readonly meanings: readonly Meaning[];
  /** Of the label's columns. */
  readonly labelMeanings: readonly Meaning[];
  readonly header: Row;
  readonly findings: Findings;
  /** Whether the rows themselves are wanted. */
  readonly keep: boolean;
  /** Where rows name their files by a number that is in them. */
  readonly index: FolderIndex | undefined;
}

export class TableBuilder {
  #rowsRead = 0;
  readonly #of: Building;
  readonly #at: Places;
  readonly #missing: ReadonlySet<string>;
  readonly #readField: readonly Reader[];
  readonly #readLabel: LabelReader;
  readonly #survey: Survey;
  /** Of all rows that have a label and a patient: which file can be read must not move a patient into another part. */
  readonly #splitRows: PatientRows;
  /** Of the usable rows. */
  readonly #patientRows: PatientRows;
  readonly #rowsAsPatients = new RowsAsPatients();
  /** Rows with a file are known to be usable only when all files have been looked at: until then they are kept. */
  readonly #keep: boolean;
  readonly #columns: readonly Growing<Float64Array>[];
  /** Row-major, as in `Table`. */
  readonly #labels = new Growing(new Float64Array());
  readonly #patientOf = new Growing(new Uint32Array());
  readonly #lineOf = new Growing(new Uint32Array());
  readonly #files: FileList;

  constructor(building: Building) {
    const { declaration, plan, meanings, labelMeanings, header, findings, index } = building;
    this.#of = building;
    this.#at = locate(declaration, plan, header, findings);
    this.#say(declaration, plan);
    this.#missing = new Set(["", ...declaration.missing]);
    this.#files = new FileList(filesOf(declaration), declaration.rate, index);
    this.#survey = new Survey(plan);
    this.#readField = plan.fields.map((field, index) =>
      fieldReader(field, meanings[index] as Meaning, declaration, {
        fileOf: (name, beat) => this.#files.add(name, beat),
        observe: (value) => this.#survey.observe(index, value),
      }),
    );
    const several = declaration.source === "records" && "key" in declaration.labels;
    this.#readLabel = labelReader(plan.label, labelMeanings, decimalOf(declaration), several);
    this.#splitRows = new PatientRows(plan.label);
    this.#patientRows = new PatientRows(plan.label);
    this.#keep = building.keep || plan.fields.some(readsFile);
    this.#columns = plan.fields.map(() => new Growing(new Float64Array()));
  }

  /** What the declaration alone has to say to the plan. */
  #say(declaration: TableDeclaration, plan: DataPlan): void {
    const { findings, header } = this.#of;
    for (const field of plan.fields) {
      if (field.kind !== "signal" || (field.beats === undefined) === (declaration.at === undefined)) continue;
      findings.add(field.beats === undefined ? "not-by-beat" : "no-beats", header.line, field.name);
    }
    if (declaration.source === "records" && declaration.patients === undefined) findings.add("records-as-patients", header.line, PATIENT);
    if (declaration.patient === null) findings.add("rows-as-patients", header.line, PATIENT);
    if (declaration.part !== undefined && plan.split.keyed !== true) findings.add("part-not-allowed", header.line, PART);
  }

  add({ line, cells, fault }: Row): void {
    this.#rowsRead++;
    const { plan, header, findings } = this.#of;
    if (fault !== undefined) return findings.add(fault, line);
    if (cells.length !== header.cells.length) return findings.add("wrong-column-count", line);
    const beat = this.#at.beat < 0 ? undefined : parseNumber(cells[this.#at.beat] ?? "", ".");
    if (this.#at.beat >= 0 && beat === undefined) return findings.add("no-beat", line, BEAT);
    const values = this.#readField.map((read, index) =>
      this.#value(line, cells[this.#at.fields[index] as number], read, plan.fields[index] as Field, beat),
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
    this.#take(line, values, targets, this.#numberOf(line, id, part));
  }

  /** The patient's index. */
  #numberOf(line: number, id: string, part: Part | undefined): number {
    const { patients, findings } = this.#of;
    const { index, known } = patients.numberOf(id);
    if (known) findings.add("repeated-patient", line, PATIENT);
    if (!patients.note(index, part)) findings.add("patient-in-two-parts", line, PATIENT);
    return index;
  }

  #take(line: number, values: readonly number[], targets: readonly number[], patient: number): void {
    this.#splitRows.add(patient, outcomesOf(this.#of.plan.label, targets));
    if (!this.#keep) return this.#look(line, values, targets, patient);
    values.forEach((value, column) => this.#columns[column]?.push(value));
    for (const target of targets) this.#labels.push(target);
    this.#patientOf.push(patient);
    this.#lineOf.push(line);
  }

  #value(line: number, text: string | undefined, read: Reader, field: Field, beat?: number): number {
    if (text === undefined || this.#missing.has(text)) return Number.NaN;
    const value = read(text, beat);
    if (typeof value === "number") return value;
    this.#of.findings.add(value, line, field.name);
    return Number.NaN;
  }

  #label(line: number, cells: readonly string[]): readonly number[] | undefined {
    const texts = this.#at.label.map((at) => cells[at]).map((text) => (text === undefined || this.#missing.has(text) ? undefined : text));
    const { targets, problems } = this.#readLabel(texts);
    if (!this.#at.label.includes(-1)) for (const problem of problems) this.#of.findings.add(problem.kind, line, problem.of);
    return targets;
  }

  #patient(line: number, cells: readonly string[]): string | undefined {
    if (this.#of.declaration.patient === null)
      return this.#rowsAsPatients.idOf([...this.#at.fields, ...this.#at.label, this.#at.beat].map((at) => cells[at]));
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

  /** Rows whose file is not what the plan says. `pictures`: whether they are decoded to see it. */
  async leaveOutUnreadable(pictures: boolean, onRead?: OnRead): Promise<void> {
    const { plan, findings } = this.#of;
    const field = plan.fields.find(readsFile);
    const column = field === undefined ? undefined : this.#columns[plan.fields.indexOf(field)];
    if (field === undefined || column === undefined) return;
    const firstLine = new Map<number, number>();
    column.view().forEach((file, row) => {
      if (!firstLine.has(file)) firstLine.set(file, this.#lineOf.at(row));
    });
    const { bad, notes } = await lookAtFiles(this.#files.list(), field, pictures, onRead);
    for (const { index, note } of notes) findings.add(note, firstLine.get(index) ?? 1, field.name);
    if (bad.size === 0) return;
    const kept = [...column.view().keys()].filter((row) => {
      const fault = bad.get(column.at(row));
      if (fault !== undefined) findings.add(fault, this.#lineOf.at(row));
      return fault === undefined;
    });
    const width = targetsOf(plan.label);
    this.#labels.retain(kept.flatMap((row) => Array.from({ length: width }, (_, target) => row * width + target)));
    for (const list of [...this.#columns, this.#patientOf, this.#lineOf]) list.retain(kept);
  }

  async survey(): Promise<TableSurvey & { readonly parts: Uint8Array }> {
    const { plan, findings, patients, meanings, header } = this.#of;
    const width = targetsOf(plan.label);
    for (let row = 0; row < this.#patientOf.length; row++) {
      const values = this.#columns.map((column) => column.at(row));
      const targets = Array.from({ length: width }, (_, target) => this.#labels.at(row * width + target));
      this.#look(this.#lineOf.at(row), values, targets, this.#patientOf.at(row));
    }
    const parts = await patients.parts(this.#splitRows);
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
      files: this.#files.list(),
    };
  }
}
