/** `audit`: what this site was asked, what was decided and what has left it; as text, as a file, and whether it is as it was written. */
import { once } from "node:events";
import type { NumberedEntry } from "@engraft/core/audit/file";
import { auditInWords } from "@engraft/core/audit/in-words";
import { syslogLine } from "@engraft/core/audit/syslog";
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { auditFileVerdict, keyFlag } from "@engraft/runtime/audit-file";
import { auditWords } from "../terminal/audit-words.ts";
import { siteVerdict } from "../vault/audit.ts";
import { auditEntries, auditLinesSince } from "../vault/audit-file.ts";
import { requireMembership } from "../vault/federation.ts";
import type { AddCommand, CommandContext } from "./command.ts";

const SHOWN = 40;

export const addAudit: AddCommand = (program, run) => {
  const audit = program
    .command("audit")
    .description("Show what this site was asked, what was decided and what has left it")
    .option("--last <count>", "how many entries, the newest last", String(SHOWN))
    .action(run((context, { last }: { readonly last: string }) => show(context, Number(last))));
  audit
    .command("export")
    .description("Write the log to stdout")
    .option("--format <format>", "jsonl, which verify reads, or syslog (RFC 5424)", "jsonl")
    .option("--since <time>", "a day such as 2026-11-01, or a time")
    .action(run((context, flags: { readonly format: string; readonly since?: string }) => exportAudit(context, flags)));
  audit
    .command("verify")
    .description("Name the first entry that was altered, removed or inserted; ends with 85 where there is one")
    .argument("[file]", "an exported log; this site's own without it")
    .option("--key <key>", "whose log it must be; otherwise this site's")
    .action(run((context, file: string | undefined, { key }: { readonly key?: string }) => verify(context, file, key)));
};

async function show({ config, json, print }: CommandContext, count: number): Promise<void> {
  await requireMembership(config.home);
  if (!(count > 0)) throw new EngraftError("bad-input", "--last needs a number above 0.");
  const entries: NumberedEntry[] = [];
  for await (const { entry } of auditEntries(config.home)) {
    entries.push(entry);
    if (entries.length > count) entries.shift();
  }
  if (json) for (const entry of entries) print({ ...entry }, "");
  else
    print(
      {},
      entries.length === 0 ? "Nothing yet: the agent enters what it is asked and what leaves." : entries.map(auditWords).join("\n"),
    );
}

async function exportAudit(
  { config }: CommandContext,
  { format, since }: { readonly format: string; readonly since?: string },
): Promise<void> {
  const { federation, identity } = await requireMembership(config.home);
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  if (Number.isNaN(from)) throw new EngraftError("bad-input", "--since needs a day such as 2026-11-01, or a time.");
  if (format === "syslog") {
    for await (const { entry } of auditEntries(config.home))
      if (entry.at >= from) await write(syslogLine(entry, { host: federation.site, app: "engraft-site" }));
  } else if (format === "jsonl") for await (const line of auditLinesSince(config.home, identity.publicKey, from)) await write(line);
  else throw new EngraftError("bad-input", "--format is jsonl or syslog.");
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

async function verify({ config, print }: CommandContext, file: string | undefined, wanted: string | undefined): Promise<number> {
  const key = wanted === undefined ? (await requireMembership(config.home)).identity.publicKey : keyFlag(wanted);
  const report = file === undefined ? await siteVerdict(config.home, key) : await auditFileVerdict(file, key);
  print({ ...report }, auditInWords(report, true).join("\n"));
  return report.ok ? 0 : CODES["audit-altered"].exit;
}
