/** Problems of a table, by kind, with line numbers and never a value. Memory stays bounded however broken the file is. */

interface FindingKindEntry {
  /** error: the table cannot be used. row: the row is left out. value: the value counts as missing. note: nothing is changed. */
  readonly effect: "error" | "row" | "value" | "note";
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
  "wrong-column-count": {
    effect: "row",
    text: "The row has more or fewer columns than the header. It is left out. Check the declared delimiter.",
  },
  "no-patient": { effect: "row", text: "The row has no patient id. It is left out." },
  "no-label": { effect: "row", text: "The row has no label. It is left out." },
  "unknown-label": { effect: "row", text: "The label is none of the plan's codes. The row is left out." },
  "unusable-label": {
    effect: "row",
    text: "The label is no number with the declared decimal mark, or outside the plan's range in the plan's unit. The row is left out.",
  },
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
  "repeated-patient": { effect: "note", text: "The patient has an earlier row. All rows of a patient fall into the same part." },
} as const satisfies Record<string, FindingKindEntry>;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  readonly effect: FindingKindEntry["effect"];
  readonly text: string;
  /** How often in the whole file. */
  readonly count: number;
  /** The first 100 places. Line 1 is the header; a row over several lines is named by its first. `field`: plan field, label or patient id. */
  readonly places: readonly { readonly line: number; readonly field: string | null }[];
}

const PLACES = 100;

/** Collects findings: a count for each kind, and the first 100 places. */
export class Findings {
  readonly #byKind = new Map<FindingKind, { count: number; places: { line: number; field: string | null }[] }>();

  add(kind: FindingKind, line: number, field: string | null = null): void {
    let entry = this.#byKind.get(kind);
    if (entry === undefined) this.#byKind.set(kind, (entry = { count: 0, places: [] }));
    entry.count++;
    if (entry.places.length < PLACES) entry.places.push({ line, field });
  }

  /** In the order of `FINDING_KINDS`: what stops the table first. */
  list(): readonly Finding[] {
    return (Object.keys(FINDING_KINDS) as FindingKind[]).flatMap((kind) => {
      const entry = this.#byKind.get(kind);
      return entry === undefined ? [] : [{ kind, ...FINDING_KINDS[kind], count: entry.count, places: entry.places }];
    });
  }
}
