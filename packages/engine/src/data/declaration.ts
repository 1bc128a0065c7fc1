/** What a steward declares about a table. Nothing is ever sniffed: a wrong guess would change values silently. */
import * as z from "zod";

const Column = z.string().min(1).max(200);

export const TableDeclaration = z.strictObject({
  /** Path of the CSV file at the site. Its first line names the columns. */
  path: z.string().min(1).max(4096),
  encoding: z.enum(["utf-8", "windows-1252", "utf-16le"]),
  delimiter: z.enum([",", ";", "\t", "|"]),
  decimal: z.enum([".", ","]),
  /** Texts that mean "no value", exactly as written. An empty cell always means it. */
  missing: z.array(z.string().min(1).max(64)).max(32),
  /** Plan field -> column that holds it. A field that is not named here is looked for under its own name. */
  columns: z.record(z.string(), Column),
  /** Folder of the pictures or recordings that the table names; the table's own by default. */
  files: z.string().min(1).max(4096).optional(),
  /** Samples per second of the recordings. */
  rate: z.number().gt(0).max(1_000_000).optional(),
  /** Column of the label. */
  label: Column,
  /** Column of the patient id. It never leaves the site. Several rows of one patient are allowed. */
  patient: Column,
});
export type TableDeclaration = z.infer<typeof TableDeclaration>;
