/** Problems of a table, by kind, with line numbers and never a value. Memory stays bounded however broken the file is. */

interface FindingKindEntry {
  /**
   * error: the table cannot be used. warning: it can, and a model may suffer. row: the row is left out. value: the value counts as
   * missing. note: nothing is changed.
   */
  readonly effect: "error" | "warning" | "row" | "value" | "note";
  /** What it is and what to do about it. */
  readonly text: string;
}

export const FINDING_KINDS = {
  "missing-column": { effect: "error", text: "A column that the plan needs is not in the table. Declare which column holds the field." },
  "duplicate-header": { effect: "error", text: "Two columns have the same name. Rename one." },
  "no-header": { effect: "error", text: "The file is empty. Its first line must name the columns." },
  "not-text": { effect: "error", text: "The file is not in the declared encoding; reading stopped here. Declare another encoding." },
  "broken-quotes": {
    effect: "error",
    text: "Quotation marks do not match, or a row is longer than 1 MiB; reading stopped here. Export the table again.",
  },
  "broken-file": { effect: "error", text: "The file is damaged or no Parquet file; reading stopped here. Export the table again." },
  "wrong-unit": {
    effect: "error",
    text: "Most values are outside the plan's range, and would be inside in another unit. Declare the column's unit with `data add --unit`, or a factor with --factor.",
  },
  "unit-unknown": {
    effect: "error",
    text: "The declared unit cannot be turned into the plan's. Write it in UCUM (for example mg/dL, mm[Hg], Cel), or declare a factor with `data add --factor` instead.",
  },
  "code-map-wrong": { effect: "error", text: "The site's file of codes names a code that the plan does not have. Correct the file." },
  "patient-in-two-parts": {
    effect: "error",
    text: "The declared split has the patient in two parts, so training would see test patients. Give all rows of a patient one part.",
  },
  "part-not-allowed": {
    effect: "error",
    text: "The plan splits patients by its own rule, because its base may have seen some. Register the table without --part.",
  },
  "below-minimum": { effect: "error", text: "The table has fewer patients than the plan demands of a site." },
  "wrong-column-count": {
    effect: "row",
    text: "The row has more or fewer columns than the header. It is left out. Check the declared delimiter.",
  },
  "no-patient": { effect: "row", text: "The row has no patient id. It is left out." },
  "no-label": { effect: "row", text: "The row has no label. It is left out." },
  "unknown-part": { effect: "row", text: "The declared split says neither train, validation nor test. The row is left out." },
  "unknown-label": { effect: "row", text: "The label is neither of the plan's codes for yes nor for no. The row is left out." },
  "file-missing": {
    effect: "value",
    text: "There is no file of this name in the declared folder. Check the folder (--files) and the names.",
  },
  "file-elsewhere": { effect: "value", text: "The name leads out of the declared folder. Only files in it or below it are read." },
  "no-file": { effect: "row", text: "The row has no picture or recording. It is left out." },
  "unreadable-file": {
    effect: "row",
    text: "The file is no picture that can be read, or no recording with all leads, numbers only and the plan's length. The row is left out.",
  },
  "other-rate": {
    effect: "error",
    text: "The plan's sampling rate is not that of the recordings here. Say theirs with `data add --rate`; recordings of another rate must be resampled first.",
  },
  "not-a-number": { effect: "value", text: "The value is not a number with the declared decimal mark. It counts as missing." },
  "outside-range": { effect: "value", text: "The value is outside the plan's range, in the plan's unit. It counts as missing." },
  "unknown-code": { effect: "value", text: "The code is not one of the plan's. It counts as missing." },
  "mostly-outside": {
    effect: "warning",
    text: "Most values are outside the plan's range, and no common unit explains it. Check that the right column is declared for the field.",
  },
  "mixed-units": {
    effect: "warning",
    text: "A part of the values is outside the plan's range, and would be inside in another unit: the column seems to hold two units. Convert them before the export.",
  },
  "empty-field": { effect: "warning", text: "No row has a value of this field. Check that the right column is declared for it." },
  "constant-field": {
    effect: "warning",
    text: "All rows have the same value of this field, so nothing is learnt from it. Check the column.",
  },
  "leak-suspected": {
    effect: "warning",
    text: "This field alone tells the label almost without error: it may have been recorded after the outcome. Ask who made the table before it is trained on.",
  },
  "class-absent": {
    effect: "warning",
    text: "A part has no patient with this outcome. Check the label's codes; nothing can be learnt or tested of it here.",
  },
  "few-of-class": { effect: "warning", text: "Few patients have this outcome; figures about it will be uncertain." },
  "few-patients": { effect: "warning", text: "The part has few patients; figures of this site will be uncertain." },
  "copied-across-parts": {
    effect: "warning",
    text: "The row says exactly what a row of another patient says, and the two fall into different parts: a test patient may be trained on. Look for one person under two ids, or a copied row.",
  },
  "copied-row": {
    effect: "note",
    text: "The row says exactly what a row of another patient says. Look for one person under two ids, or a copied row.",
  },
  "repeated-row": { effect: "note", text: "The row says exactly what an earlier row of the same patient says, so it counts twice." },
  "rows-as-patients": {
    effect: "note",
    text: "The table has no patient id (--no-patient-id): each row counts as a patient, and rows of one person can fall into different parts.",
  },
  "repeated-patient": { effect: "note", text: "The patient has an earlier row. All rows of a patient fall into the same part." },
} as const satisfies Record<string, FindingKindEntry>;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Place {
  readonly line: number;
  /** Plan field, label or patient id. */
  readonly field: string | null;
  /** What was found, in words without a value of a record. */
  readonly detail?: string;
}

export interface Finding {
  readonly kind: FindingKind;
  readonly effect: FindingKindEntry["effect"];
  readonly text: string;
  /** How often in the whole table. */
  readonly count: number;
  /** The first 100 places. Line 1 of a CSV file is the header; a row over several lines is named by its first. */
  readonly places: readonly Place[];
}

const PLACES = 100;

interface Entry {
  count: number;
  /** Each with its turn among all findings. */
  readonly places: (Place & { readonly turn: number })[];
}

/** Collects findings: for each kind and field a count, and the first 100 places. */
export class Findings {
  readonly #byKind = new Map<FindingKind, Map<string | null, Entry>>();
  #turn = 0;

  add(kind: FindingKind, line: number, field: string | null = null, detail?: string): void {
    let fields = this.#byKind.get(kind);
    if (fields === undefined) this.#byKind.set(kind, (fields = new Map()));
    let entry = fields.get(field);
    if (entry === undefined) fields.set(field, (entry = { count: 0, places: [] }));
    entry.count++;
    if (entry.places.length < PLACES) entry.places.push({ turn: this.#turn++, line, field, ...(detail === undefined ? {} : { detail }) });
  }

  /** Forgets a kind of finding about a field: another one says why. */
  drop(kind: FindingKind, field: string): void {
    this.#byKind.get(kind)?.delete(field);
  }

  /** Whether there is any finding about a field. */
  has(field: string): boolean {
    return [...this.#byKind.values()].some((fields) => fields.has(field));
  }

  /** In the order of `FINDING_KINDS`: what stops the table first. */
  list(): readonly Finding[] {
    return (Object.keys(FINDING_KINDS) as FindingKind[]).flatMap((kind) => {
      const entries = [...(this.#byKind.get(kind)?.values() ?? [])];
      if (entries.length === 0) return [];
      const places = entries
        .flatMap((entry) => entry.places)
        .toSorted((a, b) => a.turn - b.turn)
        .slice(0, PLACES)
        .map(({ turn: _, ...place }) => place);
      return [{ kind, ...FINDING_KINDS[kind], count: entries.reduce((sum, { count }) => sum + count, 0), places }];
    });
  }
}
