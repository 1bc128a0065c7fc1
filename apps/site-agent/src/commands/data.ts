/** `data add | check | list`: which table this site may use, and whether it fits a plan. */
import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { EngraftError } from "@engraft/core/base/errors";
import { CsvTable, type TableDeclaration } from "@engraft/engine/data/declaration";
import type { TableReport } from "@engraft/engine/data/check";
import { DataName, listData, registerData, resolveData, type RegisteredData } from "../data/registry.ts";
import { describeRecords, recordsDeclaration, unusable } from "./data-records.ts";
import { reportLines } from "../terminal/data-report.ts";
import { listPlans, resolvePlan, type OfferedPlan } from "../vault/plans.ts";
import type { AddCommand, CommandContext, RunCommand } from "./command.ts";

export interface TableFlags {
  readonly file?: string;
  readonly delimiter?: string;
  readonly decimal?: string;
  readonly encoding?: string;
  readonly missing?: readonly string[];
  readonly patient?: string;
  readonly label?: string;
  readonly map?: readonly string[];
  readonly files?: string;
  readonly rate?: string;
  readonly at?: string;
  readonly match?: string;
  readonly records?: string;
  readonly ending?: string;
  readonly labels?: string;
  readonly patients?: string;
}

/** D1: everything that a wrong guess would change silently must be said. Throws `bad-input` with all that is not. */
export function declarationFrom(flags: TableFlags): TableDeclaration {
  if (flags.records !== undefined) return recordsDeclaration(flags, Object.fromEntries((flags.map ?? []).map(mapping)));
  const required: readonly (readonly [keyof TableFlags, string])[] = [
    ["file", "--file FILE: the CSV file"],
    ["delimiter", "--delimiter MARK: what separates columns: , ; | or tab"],
    ["decimal", "--decimal MARK: the decimal mark: . or ,"],
    ["missing", "--missing TEXT: what stands for a missing value, for example '?'; '' where only empty cells do. May be repeated"],
    ["patient", "--patient COLUMN: the column with the patient id"],
    ["label", "--label COLUMN: the column with the label; of one in several columns any of them, and --map for each"],
  ];
  const undeclared = required.filter(([flag]) => flags[flag] === undefined);
  if (undeclared.length > 0)
    throw new EngraftError(
      "bad-input",
      `Nothing about a table is guessed. Declare as well:\n${undeclared.map(([, text]) => `  ${text}`).join("\n")}`,
    );
  const columns = Object.fromEntries((flags.map ?? []).map(mapping));
  const parsed = CsvTable.safeParse({
    path: resolve(flags.file ?? ""),
    encoding: flags.encoding ?? "utf-8",
    delimiter: flags.delimiter === "tab" || flags.delimiter === "\\t" ? "\t" : flags.delimiter,
    decimal: flags.decimal,
    missing: (flags.missing ?? []).filter((text) => text !== ""),
    columns,
    ...(flags.files === undefined ? {} : { files: resolve(flags.files) }),
    ...(flags.rate === undefined ? {} : { rate: Number(flags.rate) }),
    ...(flags.at === undefined ? {} : { at: flags.at }),
    ...(flags.match === undefined ? {} : { match: flags.match }),
    label: flags.label,
    patient: flags.patient,
  });
  if (!parsed.success) throw unusable(parsed.error);
  if (parsed.data.delimiter === parsed.data.decimal)
    throw new EngraftError("bad-input", "Delimiter and decimal mark are the same. One of the two is declared wrongly.");
  return parsed.data;
}

function mapping(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1)
    throw new EngraftError(
      "bad-input",
      `--map takes field=column, for example --map trestbps=resting_pressure; got "${text.slice(0, 80)}".`,
    );
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Checks one table against one plan. Loaded late, so that other commands start quickly. */
export async function checkData(data: RegisteredData, offered: OfferedPlan): Promise<TableReport> {
  const { checkTable } = await import("@engraft/engine/data/check");
  return checkTable(data.table, offered.plan.data);
}

export interface DataSummary {
  readonly name: string;
  readonly report: TableReport | null;
  /** Why there is no report. */
  readonly problem: string | null;
}

/** A table that cannot be read must not keep anybody from reading the plan. */
export async function dataSummary(table: RegisteredData, offered: OfferedPlan): Promise<DataSummary> {
  try {
    return { name: table.name, report: await checkData(table, offered), problem: null };
  } catch (error) {
    return { name: table.name, report: null, problem: error instanceof Error ? error.message : "The table could not be read." };
  }
}

export const addData: AddCommand = (program, run) => {
  const data = program.command("data").description("Tables that this site may use for training");
  addAdd(data, run);
  data
    .command("check")
    .description("Read the whole table and say how it fits the plans; no value is printed or sent")
    .argument("[name]", "the table; needed where several are registered")
    .option("--plan <digest>", "check against this plan only")
    .action(run((context, name: string | undefined, flags: { plan?: string }) => checkCommand(context, name, flags.plan)));
  data
    .command("list")
    .description("Show the registered tables")
    .action(
      run(async ({ config, print }) => {
        const tables = await listData(config.home);
        print(
          { tables },
          tables.length === 0 ? 'No table is registered. Register one with "engraft-site data add".' : tables.map(describe).join("\n"),
        );
      }),
    );
};

function addAdd(data: Command, run: RunCommand): void {
  const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
  data
    .command("add")
    .description("Register a table: a declaration of what is in the file, never a copy of it")
    .argument("<name>", "a short name for it")
    .option("--file <file>", "the CSV file; its first line names the columns")
    .option("--delimiter <mark>", "what separates columns: , ; | or tab")
    .option("--decimal <mark>", "the decimal mark: . or ,")
    .option("--missing <text>", "what stands for a missing value; may be repeated", collect)
    .option("--patient <column>", "column with the patient id")
    .option(
      "--label <column>",
      "column with the label; of a label in several columns (time and event, or several yes/no) any of them, and --map for each",
    )
    .option("--encoding <name>", "utf-8, windows-1252 or utf-16le", "utf-8")
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
    .action(
      run(async ({ config, print, now }, name: string, flags: TableFlags) => {
        const named = DataName.safeParse(name);
        if (!named.success)
          throw new EngraftError("bad-input", `"${name.slice(0, 60)}" is no name for a table: ${named.error.issues[0]?.message ?? ""}.`);
        const table = declarationFrom(flags);
        await access(table.path, constants.R_OK).catch((cause: unknown) => {
          throw new EngraftError("data-missing", `The file ${table.path} cannot be read by this account. Check its path and rights.`, {
            cause,
          });
        });
        const registered = { name: named.data, table, registeredAt: now() };
        await registerData(config.home, registered);
        print(registered, `Registered:\n${describe(registered)}\nNext: "engraft-site data check" once a plan has been offered.`);
      }),
    );
}

async function checkCommand({ config, print }: CommandContext, name: string | undefined, plan: string | undefined): Promise<void> {
  const data = await resolveData(config.home, name);
  const plans =
    plan === undefined ? (await listPlans(config.home)).filter((offered) => !offered.withdrawn) : [await resolvePlan(config.home, plan)];
  if (plans.length === 0)
    throw new EngraftError(
      "plan-unknown",
      'A table is checked against a plan\'s fields, and no plan has been offered yet. Leave "engraft-site start" running; it receives them.',
    );
  const checks = await Promise.all(plans.map(async (offered) => ({ offered, report: await checkData(data, offered) })));
  print(
    {
      data: data.name,
      ok: checks.every(({ report }) => report.ok),
      checks: checks.map(({ offered, report }) => ({
        plan: offered.digest,
        name: offered.plan.name,
        version: offered.plan.version,
        report,
      })),
    },
    checks
      .map(({ offered, report }) =>
        [
          `Table ${data.name} against plan ${offered.plan.name} ${offered.plan.version} (${offered.digest.slice(0, 12)}):`,
          ...reportLines(report),
        ].join("\n"),
      )
      .join("\n\n"),
  );
  const broken = checks.filter(({ report }) => !report.ok);
  if (broken.length > 0)
    throw new EngraftError(
      "data-invalid",
      `Table ${data.name} cannot be used for ${broken.map(({ offered }) => `${offered.plan.name} ${offered.plan.version}`).join(", ")}: ${broken[0]?.report.findings.find(({ effect }) => effect === "error")?.text ?? "it has no usable row."}`,
    );
}

const describe = ({ name, table }: RegisteredData): string => {
  if (table.source === "records") return describeRecords(name, table);
  const delimiter = table.delimiter === "\t" ? "tab" : `"${table.delimiter}"`;
  const mapped = Object.entries(table.columns).map(([field, column]) => `${field}=${column}`);
  return `  ${name}: ${table.path} (${table.encoding}, delimiter ${delimiter}, decimal mark "${table.decimal}", missing ${["empty", ...table.missing.map((text) => `"${text}"`)].join(" or ")}; patient ${table.patient}, label ${table.label}${table.files === undefined ? "" : `, files in ${table.files}`}${table.match === undefined ? "" : `, named by their ${table.match}`}${mapped.length === 0 ? "" : `, ${mapped.join(", ")}`})`;
};
