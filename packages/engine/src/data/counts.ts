/** Rows and patients in each part, by what the label says. */
import { targetsOf } from "@engraft/core/models/labels";
import { Growing } from "./growing.ts";
import { outcomeNames, outcomesOf, type Outcomes } from "./outcomes.ts";
import { PARTS, type Part } from "./split.ts";
import type { DataPlan, Table } from "./table.ts";

export interface Counts {
  readonly rows: number;
  readonly patients: number;
  /** Rows by what the label says. */
  readonly classes: Outcomes;
  /** Patients with such a row. */
  readonly patientsOf: Outcomes;
}

/** For each patient the number of rows, and of rows with each outcome. */
export class PatientRows {
  readonly #width: number;
  readonly #counts = new Growing(new Uint32Array());

  constructor(label: DataPlan["label"]) {
    this.#width = 1 + outcomeNames(label).length;
  }

  /** Gives true where it is the patient's first. */
  add(patient: number, outcomes: readonly number[]): boolean {
    while (this.#counts.length < (patient + 1) * this.#width) this.#counts.push(0);
    const at = patient * this.#width;
    this.#counts.set(at, this.#counts.at(at) + 1);
    for (const outcome of outcomes) this.#counts.set(at + 1 + outcome, this.#counts.at(at + 1 + outcome) + 1);
    return this.#counts.at(at) === 1;
  }

  rows(patient: number): number {
    return patient * this.#width < this.#counts.length ? this.#counts.at(patient * this.#width) : 0;
  }

  rowsWith(patient: number, outcome: number): number {
    return this.rows(patient) === 0 ? 0 : this.#counts.at(patient * this.#width + 1 + outcome);
  }

  /** The first outcome that a patient has; the number of outcomes for one without any. */
  classOf(patient: number): number {
    for (let outcome = 0; outcome < this.#width - 1; outcome++) if (this.rowsWith(patient, outcome) > 0) return outcome;
    return this.#width - 1;
  }
}

/** Patients without a usable row count nowhere. */
export function countsOf(label: DataPlan["label"], rows: PatientRows, parts: Uint8Array): Readonly<Record<Part, Counts>> {
  const names = outcomeNames(label);
  const count = (part: Part): Counts => {
    const wanted = PARTS.indexOf(part);
    const totals = { rows: 0, patients: 0 };
    const classes = names.map(() => 0);
    const patientsOf = names.map(() => 0);
    for (let patient = 0; patient < parts.length; patient++) {
      if (parts[patient] !== wanted || rows.rows(patient) === 0) continue;
      totals.patients++;
      totals.rows += rows.rows(patient);
      for (let outcome = 0; outcome < names.length; outcome++) {
        const its = rows.rowsWith(patient, outcome);
        classes[outcome] = (classes[outcome] as number) + its;
        if (its > 0) patientsOf[outcome] = (patientsOf[outcome] as number) + 1;
      }
    }
    const named = (counts: readonly number[]): Outcomes => Object.fromEntries(names.map((name, index) => [name, counts[index] as number]));
    return { ...totals, classes: named(classes), patientsOf: named(patientsOf) };
  };
  return Object.fromEntries(PARTS.map((part) => [part, count(part)])) as Record<Part, Counts>;
}

/** Of the rows that a table holds. */
export function countsIn(label: DataPlan["label"], table: Pick<Table, "labels" | "patientOf" | "parts">): Readonly<Record<Part, Counts>> {
  const rows = new PatientRows(label);
  const width = targetsOf(label);
  table.patientOf.forEach((patient, row) => rows.add(patient, outcomesOf(label, table.labels.subarray(row * width, (row + 1) * width))));
  return countsOf(label, rows, table.parts);
}
