/** The patients of a table: who a row is of, and the part that each falls into. */
import { EngraftError } from "@engraft/core/base/errors";
import type { PatientRows } from "./counts.ts";
import { Growing } from "./growing.ts";
import { Hash64, HashTable } from "./hash.ts";
import { cutsFor, type SiteSplit } from "./kept-cuts.ts";
import { cutsOf, partAt, PARTS, shareOf, type Part } from "./split.ts";
import type { DataPlan } from "./table.ts";

const UNDECLARED = 255;

export class Patients {
  readonly #plan: DataPlan;
  readonly #site: SiteSplit | undefined;
  readonly #table = new HashTable();
  readonly #hash = new Hash64();
  readonly #shares = new Growing(new Float64Array());
  readonly #declared = new Growing(new Uint8Array());
  #anyDeclared = false;

  /** `site` is needed where the plan's split is keyed. */
  constructor(plan: DataPlan, site: SiteSplit | undefined) {
    if (plan.split.keyed === true && site === undefined)
      throw new EngraftError("bad-config", "The plan splits patients by a key of the site's own, and none was given.");
    this.#plan = plan;
    this.#site = site;
  }

  get count(): number {
    return this.#shares.length;
  }

  /** The patient's index, a new one at the first row. */
  numberOf(id: string): { readonly index: number; readonly known: boolean } {
    const found = this.#table.findOrAdd(this.#hash.start().text(id).end(), this.count);
    if (found !== undefined) return { index: found, known: true };
    this.#shares.push(shareOf(this.#plan.split, id, this.#site?.key));
    this.#declared.push(UNDECLARED);
    return { index: this.count - 1, known: false };
  }

  /** Notes a row's declared part; false says that an earlier row of the patient has another. */
  note(index: number, part: Part | undefined): boolean {
    if (part === undefined) return true;
    this.#anyDeclared = true;
    const [before, now] = [this.#declared.at(index), PARTS.indexOf(part)];
    if (before === UNDECLARED) this.#declared.set(index, now);
    return before === UNDECLARED || before === now;
  }

  /** Index into `PARTS` for each patient. Throws `bad-config` as `cutsFor`. */
  async parts(rows: PatientRows): Promise<Uint8Array> {
    const { split } = this.#plan;
    if (this.#anyDeclared) return this.#declared.view().map((part) => (part === UNDECLARED ? 0 : part));
    const shares = this.#shares.view();
    const classOf = (patient: number): number => rows.classOf(patient);
    const cuts = split.keyed === true && this.#site !== undefined ? await cutsFor(this.#site, this.#plan, { shares, classOf }) : undefined;
    const everybody = cutsOf(split);
    return Uint8Array.from(shares, (share, patient) =>
      PARTS.indexOf(partAt(share, cuts === undefined ? everybody : (cuts.get(classOf(patient)) ?? everybody))),
    );
  }
}

/** Rows of a table without patient ids are patients of their own: by what they say, and the how-manieth row says the same. */
export class RowsAsPatients {
  readonly #seen = new HashTable();
  readonly #times = new Growing(new Uint32Array());
  readonly #hash = new Hash64();

  idOf(cells: readonly (string | undefined)[]): string {
    this.#hash.start();
    for (const cell of cells) this.#hash.text(cell ?? "");
    const { high, low } = this.#hash.end();
    const index = this.#seen.findOrAdd(this.#hash, this.#times.length);
    if (index === undefined) this.#times.push(1);
    else this.#times.set(index, this.#times.at(index) + 1);
    return `${high.toString(16)}-${low.toString(16)}-${index === undefined ? 1 : this.#times.at(index)}`;
  }
}
