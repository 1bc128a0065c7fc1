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
  "ambiguous-file": {
    effect: "value",
    text: "Several files of the folder have this number. Match rows by the number of the image: `data add --match sop-instance-uid`, with a column that holds it.",
  },
  "no-file": { effect: "row", text: "The row has no picture or recording. It is left out." },
  "unreadable-file": {
    effect: "row",
    text: "The file is no picture that can be read (PNG, JPEG, TIFF, WebP, GIF, DICOM, NIfTI), or it is broken or cut off. The row is left out. Copy or export it again.",
  },
  "several-pictures": {
    effect: "row",
    text: "The file holds several pictures (frames, pages or volumes). The row is left out. Export one frame for each row as a file of its own.",
  },
  "video-picture": {
    effect: "row",
    text: "The DICOM file is a video (its transfer syntax is MPEG or HEVC). The row is left out. Export single frames.",
  },
  "remote-pixels": {
    effect: "row",
    text: "The DICOM file only says from which server its pixels come (its transfer syntax is JPIP). The row is left out. Export it with its pixels.",
  },
  "unknown-syntax": {
    effect: "row",
    text: "The DICOM file's transfer syntax is none of those that are read: uncompressed, deflated, RLE, JPEG (50, 51, 57, 70), JPEG-LS, JPEG 2000 and HTJ2K. The row is left out. Export it uncompressed.",
  },
  "unsupported-pixels": {
    effect: "row",
    text: "The file's pixels are of a kind that is not read: other than one grey value or red, green and blue, of 1 or 64 bits, or with a table in place of slope and intercept. The row is left out. Export it as plain grey or RGB.",
  },
  "too-large-picture": {
    effect: "row",
    text: "The picture has more than 50 million pixels, or its file or what it unpacks to is larger than 512 MiB. The row is left out. Export it smaller.",
  },
  "no-slice": {
    effect: "row",
    text: "The file is a volume, and the plan does not say which slice. The row is left out. Ask the plan's author to declare `slice`.",
  },
  "no-range": {
    effect: "row",
    text: "The picture has more than 8 bits or values of a scale of their own, the file brings no window, and the plan does not say what is black and white. The row is left out. Ask the plan's author to declare `intensity`.",
  },
  "other-size": {
    effect: "row",
    text: "The picture has another size than the plan expects. The row is left out. Export it as the plan's author did.",
  },
  "other-bits": {
    effect: "row",
    text: "The picture has another number of bits than the plan expects. The row is left out. Export it as the plan's author did.",
  },
  "inverted-picture": {
    effect: "note",
    text: "The picture looks inverted: bright where others are dark, or on another background than the plan says. Look at it, and correct MONOCHROME1 or MONOCHROME2 in its header, or its values.",
  },
  "constant-picture": {
    effect: "note",
    text: "All pixels of the picture have the same value. Look at it, and take the row out if it shows nothing.",
  },
  "own-window": {
    effect: "note",
    text: "The plan says nothing of black and white, so the window in each file decides. Ask the plan's author whether one range for all was meant.",
  },
  "unreadable-recording": {
    effect: "row",
    text: "The file is no recording that can be read: what stands in it breaks the rules of its format. The row is left out. Export it again.",
  },
  "unsupported-recording": {
    effect: "row",
    text: "The recording is of a kind that is not read (its format, its size, or a lead that stands in it twice). The row is left out.",
  },
  "damaged-recording": {
    effect: "row",
    text: "The recording is shorter than its header says, or its checksum is wrong, or a file of it is missing. The row is left out. Copy it again.",
  },
  "missing-lead": {
    effect: "row",
    text: "The recording lacks a lead that the plan needs. The row is left out. If the lead has another name here, the plan can declare it.",
  },
  "other-unit": {
    effect: "row",
    text: "A lead's unit cannot be converted to the plan's. The row is left out. Check the unit in the recording's header.",
  },
  "short-recording": {
    effect: "row",
    text: "The recording is shorter than the plan's sample, or ends around the beat. The row is left out.",
  },
  "gap-in-recording": { effect: "row", text: "Points of the sample have no value. The row is left out." },
  "no-rate": { effect: "error", text: "CSV recordings do not say their sampling rate. Say it with `data add --rate`." },
  "no-beats": {
    effect: "error",
    text: "The plan takes a sample for each beat, and the table does not say where the beats are. Declare the column with `data add --at`, or label records by their annotations.",
  },
  "no-beat": { effect: "row", text: "The row does not say when its beat is, in seconds with a decimal point. It is left out." },
  "not-by-beat": {
    effect: "error",
    text: "The table has a row for each beat, and the plan takes one sample of a recording. Label the records otherwise for this plan.",
  },
  "lead-left-empty": { effect: "note", text: "The recording lacks a lead. The plan fills it with zeros." },
  "other-rate": { effect: "note", text: "The recording has another sampling rate than the plan's. It is resampled." },
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
  "records-as-patients": {
    effect: "note",
    text: "No file of patients is declared (--patients): each recording counts as a patient, and recordings of one person can fall into different parts.",
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
