/** What a steward declares about a table. Nothing is ever sniffed: a wrong guess would change values silently. */
import { dirname } from "node:path";
import * as z from "zod";

const Column = z.string().min(1).max(200);
const Path = z.string().min(1).max(4096);

/** What is said of every table, wherever its rows come from. */
const common = {
  /** Texts that mean "no value", exactly as written. An empty cell always means it. */
  missing: z.array(z.string().min(1).max(64)).max(32),
  /** Plan field -> column that holds it. A field that is not named here is looked for under its own name. */
  columns: z.record(z.string(), Column),
  /** Plan field -> UCUM unit of its column, where that is not the plan's. */
  units: z.record(z.string(), z.string().min(1).max(40)).optional(),
  /** Plan field -> what one multiplies the column's values by. Goes before `units`. */
  factors: z
    .record(
      z.string(),
      z
        .number()
        .min(-1e12)
        .max(1e12)
        .refine((factor) => factor !== 0, "a factor is not 0"),
    )
    .optional(),
  /** Path of the site's own file of codes (codes.ts): what its codes are among the plan's. */
  codes: Path.optional(),
  /** Folder of the pictures or recordings that the table names; the table's own by default. */
  files: Path.optional(),
  /** What the column of a picture holds, where it is no path: a number in the header of its DICOM file, anywhere below the folder. */
  match: z.enum(["accession-number", "sop-instance-uid"]).optional(),
  /** Samples per second of recordings that do not say it themselves: those in CSV. */
  rate: z.number().gt(0).max(1_000_000).optional(),
  /** Column with the time of the row's beat, in seconds from the start of its recording. */
  at: Column.optional(),
  /** Column of the label. */
  label: Column,
  /** Column of the patient id. It never leaves the site. Several rows of one patient are allowed. Null: there is none (D13). */
  patient: Column.nullable(),
  /** Column that says each row's part, `train`, `validation` or `test`, where the site has split its patients itself. */
  part: Column.optional(),
};

const CsvTable = z.strictObject({
  source: z.literal("csv").optional(),
  /** Path of the CSV file at the site. Its first line names the columns. */
  path: Path,
  encoding: z.enum(["utf-8", "windows-1252", "utf-16le"]),
  delimiter: z.enum([",", ";", "\t", "|"]),
  decimal: z.enum([".", ","]),
  ...common,
});
export type CsvTable = z.infer<typeof CsvTable>;

const ParquetTable = z.strictObject({ source: z.literal("parquet"), path: Path, ...common });
export type ParquetTable = z.infer<typeof ParquetTable>;

const SqlTable = z.strictObject({
  source: z.literal("sql"),
  /** One SELECT. Its columns are the table's. */
  query: z.string().min(1).max(20_000),
  /** Where the database's address with its credentials is found; the address itself is never written down here. */
  address: z.union([
    z.strictObject({ variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "is no name of a variable") }),
    z.strictObject({ file: Path }),
  ]),
  /** The longest that one statement may take. */
  seconds: z.int().min(1).max(86_400),
  ...common,
});
export type SqlTable = z.infer<typeof SqlTable>;

/** A folder of recordings that need no table: each is a row, or each of its annotated beats is. */
const RecordsTable = z.strictObject({
  source: z.literal("records"),
  /** The folder. */
  path: Path,
  /** What the names of its recordings end with, for example `.hea`. */
  ending: z.string().regex(/^\.[A-Za-z0-9]{1,8}$/, "is no ending of a file's name, for example .hea"),
  /** A word of the header whose codes are the record's label (`Dx`), or the annotations whose codes are those of the beats (`atr`). */
  labels: z.union([
    z.strictObject({ key: z.string().min(1).max(64) }),
    z.strictObject({ annotator: z.string().regex(/^[A-Za-z0-9_]{1,16}$/, "is no ending of an annotation file") }),
  ]),
  /** A CSV file with the columns `record` and `patient`. Without it every record is a patient of its own. */
  patients: Path.optional(),
  ...common,
});
export type RecordsTable = z.infer<typeof RecordsTable>;

/** Declarations of before there were other sources say none: they are CSV files. */
export const TableDeclaration = z.union([CsvTable, ParquetTable, SqlTable, RecordsTable]);
export type TableDeclaration = z.infer<typeof TableDeclaration>;

/** The file or folder that holds the table; undefined where a database does. */
export const fileOf = (declaration: TableDeclaration): string | undefined => (declaration.source === "sql" ? undefined : declaration.path);

/** The folder of the files that the table names. */
export const filesOf = (declaration: TableDeclaration): string =>
  declaration.files ?? (declaration.source === "records" ? declaration.path : dirname(fileOf(declaration) ?? "."));

/** The mark in the table's texts: types of Parquet and SQL have become texts with a point. */
export const decimalOf = (declaration: TableDeclaration): "." | "," => ("decimal" in declaration ? declaration.decimal : ".");

/** Whether findings name lines of a file (the header is line 1) or numbers of rows (the first is 1). */
export const placesOf = ({ source }: TableDeclaration): "line" | "row" => (source === undefined || source === "csv" ? "line" : "row");
