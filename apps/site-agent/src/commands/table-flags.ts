/** The flags of `data add`, and the declaration that they make. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { EngraftError } from "@engraft/core/base/errors";
import { TableDeclaration } from "@engraft/engine/data/declaration";
import { recordsPart, recordsWords } from "./data-records.ts";

export interface TableFlags {
  readonly file?: string;
  readonly parquet?: string;
  /** The text of the query. */
  readonly query?: string;
  readonly databaseEnv?: string;
  readonly databaseFile?: string;
  readonly seconds?: string;
  readonly delimiter?: string;
  readonly decimal?: string;
  readonly encoding?: string;
  readonly missing?: readonly string[];
  readonly patient?: string;
  /** False where `--no-patient-id` was given. */
  readonly patientId?: boolean;
  readonly label?: string;
  readonly part?: string;
  readonly map?: readonly string[];
  readonly unit?: readonly string[];
  readonly factor?: readonly string[];
  readonly codes?: string;
  readonly files?: string;
  readonly match?: string;
  readonly rate?: string;
  readonly at?: string;
  /** A folder of recordings. */
  readonly records?: string;
  readonly ending?: string;
  readonly labels?: string;
  readonly patients?: string;
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export const withTableFlags = (command: Command): Command =>
  command
    .option("--file <file>", "a CSV file; its first line names the columns")
    .option("--delimiter <mark>", "what separates its columns: , ; | or tab")
    .option("--decimal <mark>", "its decimal mark: . or ,")
    .option("--encoding <name>", "utf-8, windows-1252 or utf-16le", "utf-8")
    .option("--parquet <file>", "a Parquet file, in place of --file")
    .option("--query <file>", "a file with one SELECT, in place of --file; it runs in a read-only transaction")
    .option("--database-env <name>", "environment variable with the database's address: postgresql://..., mysql://... or sqlserver://...")
    .option("--database-file <file>", "file with that address; neither is stored or logged")
    .option("--seconds <n>", "the longest that the query may take", "600")
    .option("--missing <text>", "what stands for a missing value; may be repeated", collect)
    .option("--patient <column>", "column with the patient id")
    .option("--no-patient-id", "there is none: each row counts as a patient; the journal and the approval say so")
    .option(
      "--label <column>",
      "column with the label; of a label in several columns (time and event, or several yes/no) any of them, and --map for each",
    )
    .option("--part <column>", "column with train, validation or test, where the site has split its patients itself")
    .option("--files <folder>", "folder of the pictures or recordings that the table names; its own folder by default")
    .option(
      "--match <number>",
      "what the column of a picture holds instead of a path: accession-number or sop-instance-uid, of DICOM files",
    )
    .option("--rate <hz>", "samples per second of recordings in CSV, which do not say it")
    .option("--at <column>", "column with the time of the row's beat, in seconds from the start of its recording")
    .option("--records <folder>", "instead of a table: a folder of recordings, each of them a row")
    .option("--ending <text>", "of --records: what the names of its recordings end with, for example .hea or .edf")
    .option(
      "--labels <where>",
      "of --records: header:WORD, for example header:Dx, or beats:ENDING, for example beats:atr, for a row of each annotated beat",
    )
    .option(
      "--patients <file>",
      "of --records: a CSV file with the columns record and patient; without it each record is a patient of its own",
    )
    .option("--map <field=column>", "column of a plan's field, where it has another name; may be repeated", collect)
    .option("--unit <field=unit>", "UCUM unit of a field's column, where it is not the plan's; may be repeated", collect)
    .option("--factor <field=number>", "what the column's values are multiplied by; may be repeated", collect)
    .option("--codes <file>", "the site's codes and the plan's: CSV with the first line field,site,plan, or JSON");

type Source = "csv" | "parquet" | "sql" | "records";

/** What a source needs beside what every table does. */
const NEEDED: Readonly<Record<Source, readonly (readonly [keyof TableFlags, string])[]>> = {
  csv: [
    ["file", "--file FILE: the CSV file (or --parquet FILE, or --query FILE)"],
    ["delimiter", "--delimiter MARK: what separates columns: , ; | or tab"],
    ["decimal", "--decimal MARK: the decimal mark: . or ,"],
    ["missing", "--missing TEXT: what stands for a missing value, for example '?'; '' where only empty cells do. May be repeated"],
  ],
  parquet: [],
  sql: [],
  records: [
    ["ending", "--ending TEXT: what the names of the recordings end with, for example .hea"],
    ["labels", "--labels WHERE: header:WORD or beats:ENDING"],
  ],
};

/** D1: everything that a wrong guess would change silently must be said. Throws `bad-input` with all that is not. */
export function declarationFrom(flags: TableFlags): TableDeclaration {
  const source = sourceOf(flags);
  const undeclared = [
    ...NEEDED[source].filter(([flag]) => flags[flag] === undefined).map(([, text]) => text),
    ...(source === "records" ? [] : undeclaredOfTable(source, flags)),
  ];
  if (undeclared.length > 0)
    throw new EngraftError(
      "bad-input",
      `Nothing about ${source === "records" ? "recordings" : "a table"} is guessed. Declare as well:\n${undeclared.map((text) => `  ${text}`).join("\n")}`,
    );
  const declared = source === "records" ? recordsPart(flags) : { ...sourcePart(source, flags), ...ofTable(flags) };
  const parsed = TableDeclaration.safeParse({ ...commonPart(flags), ...declared });
  if (!parsed.success) throw new EngraftError("bad-input", `The declaration cannot be used: ${issuesOf(parsed.error.issues).join("; ")}.`);
  if ("delimiter" in parsed.data && parsed.data.delimiter === parsed.data.decimal)
    throw new EngraftError("bad-input", "Delimiter and decimal mark are the same. One of the two is declared wrongly.");
  return parsed.data;
}

/** What every table needs: who a row is of, and what it says. */
function undeclaredOfTable(source: Source, flags: TableFlags): readonly string[] {
  return [
    ...(source === "sql" && (flags.databaseEnv === undefined) === (flags.databaseFile === undefined)
      ? ["--database-env NAME or --database-file FILE: where the database's address is"]
      : []),
    ...((flags.patient === undefined) === (flags.patientId !== false)
      ? ["--patient COLUMN: the column with the patient id, or --no-patient-id where there is none, not both"]
      : []),
    ...(flags.label === undefined
      ? ["--label COLUMN: the column with the label; of one in several columns any of them, and --map for each"]
      : []),
  ];
}

function sourceOf({ file, parquet, query, records }: TableFlags): Source {
  if (records !== undefined) return "records";
  if ([file, parquet, query].filter((given) => given !== undefined).length > 1)
    throw new EngraftError("bad-input", "A table is one of --file, --parquet and --query, not several.");
  return query !== undefined ? "sql" : parquet !== undefined ? "parquet" : "csv";
}

function sourcePart(source: Source, flags: TableFlags): object {
  if (source === "parquet") return { source, path: resolve(flags.parquet ?? "") };
  if (source === "sql") {
    const { databaseEnv, databaseFile } = flags;
    const address = databaseEnv === undefined ? { file: resolve(databaseFile ?? "") } : { variable: databaseEnv };
    return { source, query: flags.query, address, seconds: Number(flags.seconds ?? 600) };
  }
  return {
    path: resolve(flags.file ?? ""),
    encoding: flags.encoding ?? "utf-8",
    delimiter: flags.delimiter === "tab" || flags.delimiter === "\\t" ? "\t" : flags.delimiter,
    decimal: flags.decimal,
  };
}

/** What is said of a table and not of a folder of recordings. */
const ofTable = (flags: TableFlags): object => ({
  ...(flags.files === undefined ? {} : { files: resolve(flags.files) }),
  ...(flags.match === undefined ? {} : { match: flags.match }),
  ...(flags.at === undefined ? {} : { at: flags.at }),
  label: flags.label,
  patient: flags.patient ?? null,
});

const commonPart = (flags: TableFlags): object => ({
  missing: (flags.missing ?? []).filter((text) => text !== ""),
  columns: Object.fromEntries((flags.map ?? []).map((text) => pair("map", text, "trestbps=resting_pressure"))),
  ...(flags.unit === undefined ? {} : { units: Object.fromEntries(flags.unit.map((text) => pair("unit", text, "chol=mg/dL"))) }),
  ...(flags.factor === undefined ? {} : { factors: Object.fromEntries(flags.factor.map(factor)) }),
  ...(flags.codes === undefined ? {} : { codes: resolve(flags.codes) }),
  ...(flags.rate === undefined ? {} : { rate: Number(flags.rate) }),
  ...(flags.part === undefined ? {} : { part: flags.part }),
});

function factor(text: string): readonly [string, number] {
  const [field, number] = pair("factor", text, "chol=0.02586");
  return [field, Number(number)];
}

function pair(flag: string, text: string, example: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) {
    const takes = { map: "field=column", unit: "field=unit" }[flag] ?? "field=number";
    throw new EngraftError("bad-input", `--${flag} takes ${takes}, for example --${flag} ${example}; got "${text.slice(0, 80)}".`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Of a union, what is wrong with the kind that was meant: the one that got furthest. */
function issuesOf(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string; readonly errors?: unknown }[],
): readonly string[] {
  return issues.flatMap(({ path, message, errors }) => {
    if (!Array.isArray(errors)) return [`${path.join(".")}: ${message}`];
    const kinds = errors as (readonly { readonly path: readonly PropertyKey[]; readonly message: string }[])[];
    return issuesOf(kinds.toSorted((a, b) => a.length - b.length)[0] ?? []);
  });
}

/** The query in the named file. Throws `data-missing`. */
export const queryIn = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((cause: unknown) => {
    throw new EngraftError("data-missing", `The query's file ${file} cannot be read by this account. Check its path and rights.`, {
      cause,
    });
  });

export function describeTable(table: TableDeclaration): string {
  const of = (entries: Readonly<Record<string, string | number>> = {}): string[] =>
    Object.entries(entries).map(([name, its]) => `${name}=${its}`);
  const said = [
    sourceWords(table),
    ...(table.source === "records" ? [] : [patientWords(table.patient), `label ${table.label}`]),
    ...(table.part === undefined ? [] : [`parts ${table.part}`]),
    ...(table.files === undefined ? [] : [`files in ${table.files}`]),
    ...(table.match === undefined ? [] : [`named by their ${table.match}`]),
    ...(table.at === undefined || table.source === "records" ? [] : [`beats at ${table.at}`]),
    ...(table.rate === undefined ? [] : [`${table.rate} samples per second`]),
    ...of(table.columns),
    ...of(table.units).map((text) => `unit ${text}`),
    ...of(table.factors).map((text) => `factor ${text}`),
    ...(table.codes === undefined ? [] : [`codes ${table.codes}`]),
  ];
  return said.join(", ");
}

const patientWords = (patient: string | null): string =>
  patient === null ? "no patient id: each row counts as a patient" : `patient ${patient}`;

function sourceWords(table: TableDeclaration): string {
  if (table.source === "records") return recordsWords(table);
  const missing = `missing ${["empty", ...table.missing.map((text) => `"${text}"`)].join(" or ")}`;
  if (table.source === "parquet") return `${table.path} (Parquet, ${missing})`;
  if (table.source === "sql")
    return `a query to the database of ${"variable" in table.address ? `$${table.address.variable}` : table.address.file} (${missing})`;
  const delimiter = table.delimiter === "\t" ? "tab" : `"${table.delimiter}"`;
  return `${table.path} (${table.encoding}, delimiter ${delimiter}, decimal mark "${table.decimal}", ${missing})`;
}
