/** `data add | check | list`: which table this site may use, and whether it fits a plan. */
import { access, constants, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Command } from "commander";
import { EngraftError } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import { readPlan } from "@engraft/core/models/plan-digest";
import type { TableReport } from "@engraft/engine/data/check";
import { readCodes } from "@engraft/engine/data/codes";
import { fileOf } from "@engraft/engine/data/declaration";
import { mappingDigest } from "@engraft/engine/data/mapping";
import type { OnRead } from "@engraft/engine/data/sources/row";
import { DataName, listData, registerData, resolveData, type RegisteredData } from "../data/registry.ts";
import { reportLines } from "../terminal/data-report.ts";
import { showReading } from "../terminal/reading.ts";
import { Journal } from "../vault/journal.ts";
import { listPlans, resolvePlan, type OfferedPlan } from "../vault/plans.ts";
import { siteSplit } from "../vault/split-key.ts";
import type { AddCommand, CommandContext, RunCommand } from "./command.ts";
import { declarationFrom, describeTable, queryIn, withTableFlags, type TableFlags } from "./table-flags.ts";

/** Checks one table against one plan. Loaded late, so that other commands start quickly. */
export async function checkData(home: string, { table }: RegisteredData, plan: Plan["data"], onRead?: OnRead): Promise<TableReport> {
  const { checkTable } = await import("@engraft/engine/data/check");
  const site = plan.split.keyed === true ? await siteSplit(home, { keep: false }) : undefined;
  return checkTable(table, plan, { site, onRead });
}

export interface DataSummary {
  readonly name: string;
  readonly report: TableReport | null;
  /** Why there is no report. */
  readonly problem: string | null;
}

/** A table that cannot be read must not keep anybody from reading the plan. */
export async function dataSummary(home: string, table: RegisteredData, offered: OfferedPlan): Promise<DataSummary> {
  try {
    return { name: table.name, report: await checkData(home, table, offered.plan.data), problem: null };
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
    .option("--plan <plan>", "check against this plan only: an offered one's digest, or the file of one that is not offered yet")
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
  const add = data
    .command("add")
    .description("Register a table: a declaration of what is in it, never a copy of it")
    .argument("<name>", "a short name for it");
  withTableFlags(add).action(
    run(async ({ config, print, now }, name: string, flags: TableFlags) => {
      const named = DataName.safeParse(name);
      if (!named.success)
        throw new EngraftError("bad-input", `"${name.slice(0, 60)}" is no name for a table: ${named.error.issues[0]?.message ?? ""}.`);
      const table = declarationFrom(flags.query === undefined ? flags : { ...flags, query: await queryIn(flags.query) });
      const path = fileOf(table);
      if (path !== undefined)
        await access(path, constants.R_OK).catch((cause: unknown) => {
          throw new EngraftError(
            "data-missing",
            `${table.source === "records" ? "The folder" : "The file"} ${path} cannot be read by this account. Check its path and rights.`,
            { cause },
          );
        });
      await readCodes(table.codes);
      const registered = { name: named.data, table, registeredAt: now() };
      await registerData(config.home, registered);
      const journal = new Journal(config.home, now);
      journal.add({ what: "data.registered", table: named.data, mapping: await mappingDigest(table) });
      // D13: whoever reads the journal later finds who waived it, and when.
      if (table.patient === null) journal.add({ what: "data.no-patient-id", table: named.data, account: userInfo().username });
      await journal.flush();
      print(
        registered,
        `Registered:\n${describe(registered)}\nNext: "engraft-site data check" once a plan has been offered, or with --plan FILE.`,
      );
    }),
  );
}

interface Checked {
  readonly plan: Plan;
  readonly digest: string;
  readonly report: TableReport;
}

async function checkCommand({ config, json, print }: CommandContext, name: string | undefined, plan: string | undefined): Promise<void> {
  const data = await resolveData(config.home, name);
  const plans = await plansToCheck(config.home, plan);
  if (plans.length === 0)
    throw new EngraftError(
      "plan-unknown",
      'A table is checked against a plan\'s fields, and no plan has been offered yet. Leave "engraft-site start" running, which receives them, or name the file of one with --plan.',
    );
  const bar = json ? undefined : showReading(data.name);
  const checks: Checked[] = [];
  try {
    for (const one of plans) checks.push({ ...one, report: await checkData(config.home, data, one.plan.data, bar?.show) });
  } finally {
    bar?.close();
  }
  print(
    {
      data: data.name,
      ok: checks.every(({ report }) => report.ok),
      checks: checks.map(({ digest, plan: { name, version }, report }) => ({ plan: digest, name, version, report })),
    },
    checks
      .map(({ digest, plan: { name, version }, report }) =>
        [`Table ${data.name} against plan ${name} ${version} (${digest.slice(0, 12)}):`, ...reportLines(report)].join("\n"),
      )
      .join("\n\n"),
  );
  const broken = checks.filter(({ report }) => !report.ok);
  if (broken.length > 0)
    throw new EngraftError(
      "data-invalid",
      `Table ${data.name} cannot be used for ${broken.map(({ plan: { name, version } }) => `${name} ${version}`).join(", ")}: ${broken[0]?.report.findings.find(({ effect }) => effect === "error")?.text ?? "it has no usable row."}`,
    );
}

/** The named plan: of those offered, or in a file, so that a table can be checked before the site has joined. Without a name all that are offered. */
async function plansToCheck(home: string, named: string | undefined): Promise<readonly Omit<Checked, "report">[]> {
  if (named !== undefined && !/^[0-9a-fA-F]{6,64}$/.test(named)) {
    const text = await readFile(named, "utf8").catch((cause: unknown) => {
      throw new EngraftError(
        "not-found",
        `There is no plan in the file ${named}. Name a file, or a digest by its first 6 digits or more.`,
        { cause },
      );
    });
    const read = readPlan(text);
    if (!read.ok) throw new EngraftError(read.code, read.text);
    return [{ plan: read.plan, digest: read.digest }];
  }
  const offered = named === undefined ? (await listPlans(home)).filter(({ withdrawn }) => !withdrawn) : [await resolvePlan(home, named)];
  return offered.map((one) => ({ plan: one.plan, digest: one.digest }));
}

const describe = ({ name, table }: RegisteredData): string => `  ${name}: ${describeTable(table)}`;
