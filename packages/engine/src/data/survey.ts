/**
 * What the data check notes while rows pass by: samples and counts of a bounded size, so that a table larger than the memory can
 * be looked at. The samples are the same for the same table (reservoir sampling, Vitter 1985, algorithm R, seeded).
 */
import { randomFrom } from "../base/random.ts";
import { Hash64, HashTable } from "./hash.ts";
import type { DataPlan } from "./table.ts";

/** A row that can be used. */
export interface UsableRow {
  readonly line: number;
  /** One for each field of the plan, NaN where missing. */
  readonly values: readonly number[];
  readonly targets: readonly number[];
  /** Of the label's outcomes (outcomes.ts), those that hold. */
  readonly outcomes: readonly number[];
  readonly patient: number;
  /** Whether it is the patient's first. */
  readonly first: boolean;
}

/** A row that says the same as another patient's. */
export interface Copy {
  readonly line: number;
  readonly values: readonly number[];
  readonly patients: readonly [number, number];
}

/** One row of a patient, in the sample. */
export interface SampledRow {
  readonly values: readonly number[];
  readonly outcomes: readonly number[];
}

const NUMBERS = 2_000_000;
const MOST_PER_FIELD = 50_000;
const MOST_ROWS = 20_000;
/** Rows that are remembered to find copies of them: 64 MiB. */
const MOST_REMEMBERED = 3_000_000;
const MOST_COPIES = 10_000;

class Reservoir<T> {
  readonly sample: T[] = [];
  seen = 0;
  readonly #most: number;
  readonly #random;

  constructor(most: number, name: string) {
    this.#most = most;
    this.#random = randomFrom(["survey", name]);
  }

  /** Where the next one belongs; undefined where it is not taken. */
  place(): number | undefined {
    this.seen++;
    if (this.sample.length < this.#most) return this.sample.length;
    const at = this.#random.below(this.seen);
    return at < this.#most ? at : undefined;
  }
}

export class Survey {
  rows = 0;
  /** Usable rows without a value, by field. */
  readonly missing: number[];
  /** Numbers in the plan's unit, whether in its range or not, by field. */
  readonly numbers: readonly Reservoir<number>[];
  /** One row of each of some patients. */
  readonly sample: Reservoir<SampledRow>;
  /** Whether all values that a field has are the same. */
  readonly constant: boolean[];
  readonly copies: Copy[] = [];
  /** Copies that were found, also those that are not kept. */
  copied = 0;
  readonly #first: number[];
  readonly #remembered = new HashTable();
  readonly #hash = new Hash64();

  constructor({ fields }: DataPlan) {
    const each = (most: number): number => Math.max(100, Math.min(most, Math.floor(NUMBERS / Math.max(1, fields.length))));
    this.missing = fields.map(() => 0);
    this.constant = fields.map(() => true);
    this.#first = fields.map(() => Number.NaN);
    this.numbers = fields.map(({ name }) => new Reservoir<number>(each(MOST_PER_FIELD), name));
    this.sample = new Reservoir<SampledRow>(each(MOST_ROWS), "");
  }

  observe(field: number, value: number): void {
    const numbers = this.numbers[field] as Reservoir<number>;
    const at = numbers.place();
    if (at !== undefined) numbers.sample[at] = value;
  }

  /** Gives true where an earlier row of the same patient says the same. */
  add(row: UsableRow): boolean {
    this.rows++;
    row.values.forEach((value, field) => this.#value(field, value));
    if (row.first) {
      const at = this.sample.place();
      if (at !== undefined) this.sample.sample[at] = { values: [...row.values], outcomes: row.outcomes };
    }
    return this.#isRepeated(row);
  }

  #value(field: number, value: number): void {
    if (Number.isNaN(value)) this.missing[field] = (this.missing[field] as number) + 1;
    else if (Number.isNaN(this.#first[field])) this.#first[field] = value;
    else if (this.#first[field] !== value) this.constant[field] = false;
  }

  #isRepeated({ line, values, targets, patient }: UsableRow): boolean {
    if (values.length === 0) return false;
    this.#hash.start();
    for (const value of values) this.#hash.number(value);
    for (const target of targets) this.#hash.number(target);
    this.#hash.end();
    const other =
      this.#remembered.size < MOST_REMEMBERED ? this.#remembered.findOrAdd(this.#hash, patient) : this.#remembered.find(this.#hash);
    if (other === undefined) return false;
    if (other === patient) return true;
    this.copied++;
    if (this.copies.length < MOST_COPIES) this.copies.push({ line, values: [...values], patients: [other, patient] });
    return false;
  }
}
