/** A recording as every reader gives it: leads by name in physical units, annotations, and what its header says. */

/** Why a recording, or a sample of it, cannot be used. The kinds are findings of the data check. */
export type RecordingFaultKind =
  | "unreadable-recording"
  | "unsupported-recording"
  | "damaged-recording"
  | "file-elsewhere"
  | "missing-lead"
  | "other-unit"
  | "no-rate"
  | "short-recording"
  | "gap-in-recording";

/** Expected wherever files come from outside. The message is for people who write a reader: it never holds what stands in a file. */
export class RecordingFault extends Error {
  override readonly name = "RecordingFault";
  readonly kind: RecordingFaultKind;
  constructor(kind: RecordingFaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export const unreadable = (message: string): RecordingFault => new RecordingFault("unreadable-recording", message);
export const unsupported = (message: string): RecordingFault => new RecordingFault("unsupported-recording", message);
export const damaged = (message: string): RecordingFault => new RecordingFault("damaged-recording", message);

export interface Lead {
  /** As the file has it, without surrounding blanks. */
  readonly name: string;
  /** UCUM, or as the file has it where that is not UCUM. */
  readonly unit: string;
  /** Points per second. */
  readonly rate: number;
  /** Points. */
  readonly length: number;
  /** All points in the lead's unit; NaN where the file marks one as invalid. Throws `RecordingFault`, also where a checksum is wrong. */
  readonly values: () => Promise<Float64Array>;
}

export interface Annotation {
  /** From the start of the recording. */
  readonly seconds: number;
  /** A mnemonic of PhysioBank (`N`, `V`, `+`), or the text of an EDF+ annotation. */
  readonly code: string;
}

export interface Recording {
  readonly leads: readonly Lead[];
  /** In order of time. `annotator`: which of several annotation files, by its ending; formats that hold their own ignore it. */
  readonly annotations: (annotator: string) => Promise<readonly Annotation[]>;
  /** What the header says beside the signals, by its own words (`Dx`, `Age`); several codes of one word as one text. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Of one lead: 37 hours at 500 Hz. In memory there is one lead at a time, 8 bytes for a point, and blocks of a mebibyte. */
export const MAX_POINTS = 2 ** 26;
export const MAX_LEADS = 1024;
/** Of a header, an annotation file, and of formats that are read whole (DICOM, XML, CSV). */
export const MAX_HEADER = 2 ** 20;
export const MAX_ANNOTATIONS = 2 ** 26;
export const MAX_WHOLE = 2 ** 28;

/** A rate or a length that can be worked with. Throws `RecordingFault`. */
export function checkedLead<T extends Pick<Lead, "rate" | "length">>(lead: T): T {
  if (!Number.isFinite(lead.rate) || lead.rate <= 0 || lead.rate > 1_000_000) throw unreadable("a lead's rate is no rate");
  if (!Number.isInteger(lead.length) || lead.length < 0) throw unreadable("a lead's length is no length");
  if (lead.length > MAX_POINTS) throw unsupported("a lead is longer than 67 million points");
  return lead;
}
