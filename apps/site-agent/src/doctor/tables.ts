/** What `doctor` looks at in the registered tables: each is read as a whole, as `data check` does; no value is said. */
import { access, constants } from "node:fs/promises";
import { ok, problem, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { fileOf } from "@engraft/engine/data/declaration";
import { checkData } from "../commands/data.ts";
import { listData, type RegisteredData } from "../data/registry.ts";
import { listDecisions, type Decision } from "../vault/decisions.ts";
import { requireMembership } from "../vault/federation.ts";
import { listPlans, type OfferedPlan } from "../vault/plans.ts";

/** One check, with a finding for each table and plan. */
export const tableCheck = (home: string): Check => ({ name: "tables", title: "Tables", needs: ["plans"], look: () => tableFindings(home) });

async function tableFindings(home: string): Promise<readonly Finding[]> {
  const membership = await requireMembership(home);
  const [tables, plans, decisions] = await Promise.all([listData(home), listPlans(home), listDecisions(home, membership)]);
  const live = plans.filter(({ withdrawn }) => !withdrawn);
  if (tables.length === 0)
    return [warning("no-table", "No table is registered.", 'Register one with "engraft-site data add"; nothing is copied or sent.')];
  const found: Finding[] = [];
  for (const table of tables) found.push(...(await findingsOfTable(home, table, live, decisions)));
  return [...found, ...unregistered(tables, live, decisions)];
}

/** Against the plans that it is approved for; where there are none, against all that are offered. */
async function findingsOfTable(
  home: string,
  table: RegisteredData,
  plans: readonly OfferedPlan[],
  decisions: readonly Decision[],
): Promise<readonly Finding[]> {
  const { name } = table;
  const path = fileOf(table.table);
  const code =
    path === undefined
      ? undefined
      : await access(path, constants.R_OK).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => error.code ?? "unreadable",
        );
  if (code !== undefined)
    return [
      problem(
        code === "ENOENT" ? "data-missing" : "data-unreadable",
        `Table ${name}: the file ${path} ${code === "ENOENT" ? "is not there" : `cannot be read by this account (${code})`}.`,
        'Put the file back, give the agent\'s account the right to read it, or register the table anew with "engraft-site data add".',
      ),
    ];
  const approved = plans.filter(({ digest }) => usesTable(decisions, digest, name));
  const against = approved.length > 0 ? approved : plans;
  if (against.length === 0)
    return [ok(path === undefined ? `${name}: no plan to check it against yet` : `${name} can be read; no plan to check it against yet`)];
  const found: Finding[] = [];
  for (const offered of against) found.push(await fitFinding(home, table, offered, approved.length > 0));
  return found;
}

const usesTable = (decisions: readonly Decision[], plan: string, name: string): boolean =>
  decisions.some(({ approval, data }) => approval.plan === plan && approval.decision === "approved" && data === name);

/** A table that does not fit a plan it is not approved for is only worth a warning. */
async function fitFinding(home: string, table: RegisteredData, offered: OfferedPlan, approved: boolean): Promise<Finding> {
  const { plan } = offered;
  const of = `${table.name} against ${plan.name} ${plan.version}`;
  const report = await checkData(home, table, offered.plan.data);
  const next = `"engraft-site data check ${table.name} --plan ${offered.digest.slice(0, 12)}" names the lines. Correct the file, or declare it anew with "engraft-site data add".`;
  if (!report.ok) {
    const why = report.findings.find(({ effect }) => effect === "error")?.text ?? "It has no usable row.";
    return (approved ? problem : warning)("data-invalid", `${of}: ${why}`, next);
  }
  const told = `${of}: ${report.usable} of ${report.rows} rows usable, ${report.patients} patients`;
  const lost = report.rows - report.usable;
  return 2 * lost > report.rows ? warning("data-thin", `${told}. Most rows are left out.`, next) : ok(told);
}

/** Approvals that name a table which is not registered any more. */
const unregistered = (
  tables: readonly RegisteredData[],
  plans: readonly OfferedPlan[],
  decisions: readonly Decision[],
): readonly Finding[] =>
  decisions.flatMap(({ approval, data }) =>
    approval.decision !== "approved" ||
    data === null ||
    tables.some(({ name }) => name === data) ||
    !plans.some(({ digest }) => digest === approval.plan)
      ? []
      : [
          problem(
            "data-unregistered",
            `An approval names the table ${data}, which is not registered.`,
            `Register it with "engraft-site data add ${data}".`,
          ),
        ],
  );
