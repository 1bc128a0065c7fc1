/** `audit`: what this site was asked, what was decided and what has left it; as text, as a file, and whether it is as it was written. */
import { once } from "node:events";
import { entryLine, firstLine, headLine, openHead, readLine, BEGINNING, type NumberedEntry, type Position } from "@engraft/core/audit/file";
import { auditInWords } from "@engraft/core/audit/in-words";
import { syslogLine } from "@engraft/core/audit/syslog";
import { CODES, EngraftError, isRefusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { auditFileVerdict, keyFlag } from "@engraft/runtime/audit-file";
import { auditWords } from "../terminal/audit-words.ts";
import { auditFileLines, siteVerdict } from "../vault/audit.ts";
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
  for await (const { entry } of entriesOf(config.home)) {
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

/** What can be read, whether it follows or not. `after`: the entry before. */
async function* entriesOf(home: string): AsyncGenerator<{ readonly entry: NumberedEntry; readonly after: Position }> {
  let after: Position = BEGINNING;
  for await (const text of auditFileLines(home)) {
    const line = readLine(text);
    if (isRefusal(line) || line.kind !== "entry") continue;
    yield { entry: line.entry, after };
    after = { seq: line.entry.seq, hash: line.entry.hash };
  }
}

async function exportAudit(
  { config }: CommandContext,
  { format, since }: { readonly format: string; readonly since?: string },
): Promise<void> {
  const { federation, identity } = await requireMembership(config.home);
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  if (Number.isNaN(from)) throw new EngraftError("bad-input", "--since needs a day such as 2026-11-01, or a time.");
  if (format === "syslog") {
    for await (const { entry } of entriesOf(config.home))
      if (entry.at >= from) await write(syslogLine(entry, { host: federation.site, app: "engraft-site" }));
  } else if (format === "jsonl") for await (const line of linesSince(config.home, identity.publicKey, from)) await write(line);
  else throw new EngraftError("bad-input", "--format is jsonl or syslog.");
}

/** The file as it lies there, without a line that is cut off; or the part of it from a time on. */
async function* linesSince(home: string, key: PublicKey, from: number): AsyncGenerator<string> {
  let [begun, after, head]: [boolean, Position, string] = [from === Number.NEGATIVE_INFINITY, BEGINNING, ""];
  for await (const text of auditFileLines(home)) {
    if (!text.endsWith("\n")) continue;
    const line = begun ? undefined : readLine(text);
    if (line !== undefined && !isRefusal(line)) {
      if (line.kind === "head") {
        const signed = openHead(line.head, key);
        head = !isRefusal(signed) && signed.seq === after.seq ? headLine(line.head) : head;
      } else if (line.kind === "entry" && line.entry.at < from) [after, head] = [{ seq: line.entry.seq, hash: line.entry.hash }, ""];
      else if (line.kind === "entry") {
        yield firstLine(key, after) + head + entryLine(line.entry);
        begun = true;
      }
    } else if (begun) yield text;
  }
  if (!begun) yield firstLine(key, after) + head;
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
