/** Recordings as CSV: a column for each lead and a row for each point in time. The file says neither rate nor unit; both are declared. */
import { parse } from "csv-parse/sync";
import { wholeOf, type RecordingFiles } from "./bytes.ts";
import { checkedLead, MAX_LEADS, MAX_POINTS, RecordingFault, unreadable, unsupported, type Recording } from "./recording.ts";

export interface CsvDeclaration {
  /** Points per second; undefined where the site has not said. */
  readonly rate: number | undefined;
  readonly unit: string;
}

/** Throws `RecordingFault`: `no-rate` where the rate is not declared. A cell that is no number becomes NaN. */
export async function openCsv({ main }: RecordingFiles, { rate, unit }: CsvDeclaration): Promise<Recording> {
  if (rate === undefined) throw new RecordingFault("no-rate", "CSV does not say its sampling rate");
  const [header = [], ...rows] = rowsOf(await wholeOf(main));
  if (header.length > MAX_LEADS) throw unsupported("more than 1,024 columns");
  const leads = header.map((name, column) => ({
    ...checkedLead({ name: name.trim(), unit, rate, length: rows.length }),
    values: async () => Float64Array.from(rows, (row) => numberOf(row[column])),
  }));
  return { leads, labels: new Map(), annotations: async () => [] };
}

function rowsOf(bytes: Uint8Array): readonly (readonly string[])[] {
  try {
    return parse(bytes, { to: MAX_POINTS + 1, relax_column_count: true, skip_empty_lines: true, bom: true, max_record_size: 65_536 });
  } catch {
    throw unreadable("no CSV that can be read");
  }
}

const numberOf = (text = ""): number => {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
};
