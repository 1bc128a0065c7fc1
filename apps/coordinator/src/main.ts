/** The command line of the coordinator. */
import { loadConfig } from "@engraft/runtime/config";
import { clock } from "@engraft/runtime/clock";
import { runCommands } from "@engraft/runtime/commands";
import { Command } from "commander";
import {
  createUser,
  resetSecondFactor,
  closeRound,
  extendRun,
  importBase,
  leaveOutOrLetIn,
  pauseRun,
  resumeRun,
  invite,
  listPlans,
  listRuns,
  proposePlan,
  saveRecords,
  startRun,
  stopRun,
  type Said,
} from "./cli/commands.ts";
import type { Reach } from "./cli/api.ts";
import { addBase, withBaseFlags } from "./cli/base-add.ts";
import { blobUsage } from "./cli/blobs.ts";
import { createToken, listTokens, revokeToken } from "./cli/tokens.ts";
import { asSummary, showSummary, withEarlier, withShift } from "./cli/summaries.ts";
import { listCheckpoints, listReleases, makeRelease, saveRelease, withdrawRelease } from "./cli/releases.ts";
import { Config } from "./config.ts";
import { VERSION } from "./version.ts";

type Flags = Readonly<Record<string, string | boolean | undefined>>;

function settingsOf({ config, ...flags }: Flags): Promise<Config> {
  // DATABASE_URL is what hosting environments set.
  const env = { ...process.env, ENGRAFT_DATABASE_URL: process.env["ENGRAFT_DATABASE_URL"] ?? process.env["DATABASE_URL"] };
  return loadConfig({
    schema: Config,
    flags,
    env,
    file: { path: typeof config === "string" ? config : "engraft.toml", required: config !== undefined },
  });
}

function say({ json, lines }: Said, flags: Flags): void {
  process.stdout.write(flags["json"] === true ? `${JSON.stringify(json)}\n` : `${lines.join("\n")}\n`);
}

const withJson = (command: Command): Command =>
  command.option("--json", "one JSON object on stdout").option("--config <file>", "settings, instead of ./engraft.toml");

function addStart(root: Command): void {
  withJson(root.command("start").description("run the coordinator until it is stopped"))
    .option("--port <number>", "default 7300; 0 takes a free one")
    .option("--host <address>", "default 127.0.0.1")
    .option("--data <folder>", "keys, blobs and the embedded database; default ./engraft-coordinator")
    .option("--public-url <url>", "by which agents and browsers reach it")
    .option("--other-urls <urls>", "of coordinators on the same database that stand by, separated by commas; for invites")
    .option("--dashboard-url <url>", "where the dashboard's process listens")
    .option("--keep-days <days>", "how long after its end a run keeps its checkpoints in between and its masked vectors; default 30")
    .option("--keep-audit-days <days>", "how long audit entries are kept, at least 183; for ever without it")
    .option("--log-level <level>", "trace, debug, info, warn, error or silent")
    .action(async (flags: Flags) => {
      const settings = await settingsOf(flags);
      // Loaded only here: the other commands need neither database nor web server.
      const { start } = await import("./cli/start.ts");
      await start(settings, flags["json"] === true);
    });
}

function addRestore(root: Command): void {
  withJson(root.command("restore").description("put a backup into a new folder and database, and end by name what must not go on"))
    .option("--from <folder>", "the backup; without it the data is taken to have been put back already")
    .option("--data <folder>", "keys, blobs and the embedded database; default ./engraft-coordinator")
    .option("--log-level <level>", "trace, debug, info, warn, error or silent")
    .action(async (flags: Flags) => {
      const { restore } = await import("./cli/restore.ts");
      const { from, ...settings } = flags;
      say(await restore(await settingsOf(settings), typeof from === "string" ? from : undefined), flags);
    });
}

type Asking = (
  parent: Command,
  usage: string,
  description: string,
  act: (reach: Reach, args: readonly string[], flags: Flags) => Promise<Said>,
) => Command;

/** What an admin does to a run under way. */
function addSteering(run: Command, asking: Asking): void {
  asking(run, "extend <run>", "give the sites more time: a new deadline for what is waited for", (reach, [id = ""], flags) =>
    extendRun(reach, id, String(flags["minutes"])),
  ).requiredOption("--minutes <minutes>", "from now");
  asking(run, "close <run>", "close the open round now, with the sites that have answered", (reach, [id = ""]) => closeRound(reach, id));
  asking(run, "leave-out <run> <site>", "go on without a site, until it is let in again", (reach, [id = "", site = ""]) =>
    leaveOutOrLetIn(reach, id, site, "leaveOut"),
  );
  asking(run, "let-in <run> <site>", "let a site that was left out take part again", (reach, [id = "", site = ""]) =>
    leaveOutOrLetIn(reach, id, site, "letIn"),
  );
  asking(run, "pause <run>", "begin no further round until the run is resumed", (reach, [id = ""]) => pauseRun(reach, id));
  asking(run, "resume <run>", "go on with a paused run", (reach, [id = ""]) => resumeRun(reach, id));
}

function addTokens(root: Command, asking: Asking): void {
  const token = root.command("token").description("personal tokens, for curl and programs");
  asking(token, "create", "make a token for somebody who has an account; it is shown once", (reach, _, flags) =>
    createToken(reach, {
      owner: String(flags["for"]),
      name: String(flags["name"]),
      scopes: String(flags["scopes"]),
      days: String(flags["days"]),
    }),
  )
    .requiredOption("--for <address>", "the owner's e-mail")
    .option("--name <name>", "what it is for", "command line")
    .option("--scopes <scopes>", "read:runs, read:models, admin; separated by commas", "read:runs,read:models")
    .option("--days <days>", "how long it counts, at most 365", "90");
  asking(token, "list", "everybody's tokens, newest first", (reach) => listTokens(reach));
  asking(token, "revoke <id>", "end a token at once", (reach, [id = ""]) => revokeToken(reach, id));
}

function addAudit(root: Command, setExit: (code: number) => void): void {
  const audit = root.command("audit").description("the log of who did what");
  const asked = (command: Command): Command =>
    withJson(command)
      .option("--url <url>", "of the running coordinator; default http://127.0.0.1:7300")
      .option("--data <folder>", "the coordinator's folder, which holds the operator's token");
  asked(audit.command("export").description("write the log to stdout; its end is signed first"))
    .option("--format <format>", "jsonl, which verify reads, or syslog (RFC 5424)", "jsonl")
    .option("--since <time>", "a day, a time, or days back such as 30d")
    .action(async ({ format, since, ...flags }: Flags) => {
      const { exportAudit, sinceOf } = await import("./cli/audit.ts");
      await exportAudit(await settingsOf(flags), String(format), typeof since === "string" ? sinceOf(since, clock()) : undefined);
    });
  asked(
    audit
      .command("verify [file]")
      .description("name the first entry that was altered, removed or inserted; ends with 85 where there is one"),
  )
    .option("--key <key>", "the coordinator's public key; otherwise that of the coordinator's folder, where it is here")
    .action(async (file: string | undefined, { key, ...flags }: Flags) => {
      const { auditVerdict } = await import("./cli/audit.ts");
      const { exit, ...said } = await auditVerdict(await settingsOf(flags), file, typeof key === "string" ? key : undefined);
      say(said, flags);
      setExit(exit);
    });
}

const words = (value: string | boolean | undefined): string => (typeof value === "string" ? value : "");

function addPlans(root: Command, asking: Asking): void {
  const plan = root.command("plan").description("plans");
  asking(plan, "propose <file>", "propose a plan to all sites", (reach, [file = ""], { summary, shift, compare }) =>
    proposePlan(reach, file, async (text) => {
      if (summary !== undefined) return asSummary(text, Number(summary));
      const shifted = shift === undefined ? text : await withShift(reach, text, String(shift));
      return compare === undefined ? shifted : withEarlier(shifted, String(compare));
    }),
  )
    .option("--summary <bins>", "propose instead a summary of the plan's fields in so many bins; nothing is trained")
    .option("--shift <run>", "each site also reports how far its patients are from the summary of that run")
    .option("--compare <run>", "each site also judges the model of that run on the same test patients, beside the new one");
  asking(plan, "list", "all plans, newest first", (reach) => listPlans(reach));
}

function addRuns(root: Command, asking: Asking): void {
  const run = root.command("run").description("runs");
  asking(run, "start <plan>", "start a run, by the plan's digest or name", (reach, [name = ""]) => startRun(reach, name));
  asking(run, "stop <run>", "stop a run", (reach, [id = ""]) => stopRun(reach, id));
  addSteering(run, asking);
  asking(run, "list", "all runs, newest first", (reach) => listRuns(reach));
  asking(run, "record <run>", "save what the coordinator holds of a run's sums, to be checked by others", (reach, [id = ""], flags) =>
    saveRecords(reach, id, String(flags["out"])),
  ).requiredOption("--out <folder>", "where to; one folder for each round");
  asking(run, "summary <run>", "counts of all sites' patients together, out of the run of a summary", (reach, [id = ""], { out }) =>
    showSummary(reach, id, typeof out === "string" ? out : undefined),
  ).option("--out <file>", "where the table goes as it is signed");
}

function addReleases(root: Command, asking: Asking): void {
  const release = root.command("release").description("models that are given out");
  asking(release, "make <run>", "release the model of a finished run; it never changes from then on", (reach, [id = ""], flags) =>
    makeRelease(reach, id, {
      name: words(flags["name"]),
      version: words(flags["as"]),
      notes: words(flags["notes"]),
      despite: flags["despite"] === undefined ? null : words(flags["despite"]),
      round: flags["round"] === undefined ? undefined : Number(flags["round"]),
    }),
  )
    .requiredOption("--name <name>", "2 to 40 of a-z, 0-9 and '-'")
    .requiredOption("--as <version>", "for example 1.0")
    .option("--notes <text>", "what whoever uses it should know")
    .option("--despite <reason>", "why it is released although it misses a criterion of its plan")
    .option("--round <number>", "an earlier checkpoint than the run's last; nobody has judged it on test patients");
  asking(release, "checkpoints <run>", "checkpoints of a run that can still be released", (reach, [id = ""]) => listCheckpoints(reach, id));
  asking(release, "withdraw <run>", "tell everybody who fetches it that it should not be used", (reach, [id = ""], flags) =>
    withdrawRelease(reach, id, words(flags["why"])),
  ).requiredOption("--why <text>", "for whoever fetches it");
  asking(release, "list", "all models, newest first", (reach) => listReleases(reach));
  asking(release, "save <run>", "save all files of a model", (reach, [id = ""], flags) =>
    saveRelease(reach, id, words(flags["out"])),
  ).requiredOption("--out <folder>", "where to");
}

function addDoctor(root: Command, setExit: (code: number) => void): void {
  withJson(
    root.command("doctor").description("look for what is wrong; changes nothing, starts nothing; ends with 0 only without a problem"),
  )
    .option("--port <number>", "of the coordinator; default 7300")
    .option("--host <address>", "default 127.0.0.1")
    .option("--data <folder>", "keys, blobs and the embedded database; default ./engraft-coordinator")
    .option("--public-url <url>", "by which agents and browsers reach it")
    .option("--dashboard-url <url>", "where the dashboard's process listens")
    .option("--blobs", "read every needed blob, instead of the newest")
    .action(async ({ blobs, ...flags }: Flags) => {
      const { doctor } = await import("./cli/doctor.ts");
      setExit(await doctor(await settingsOf(flags), { json: flags["json"] === true, allBlobs: blobs === true }));
    });
}

function program(setExit: (code: number) => void): Command {
  const root = new Command("engraft-coordinator")
    .description("Coordinates federated fine-tuning of a base model across sites")
    .version(VERSION)
    .exitOverride();
  addStart(root);
  /** A command that asks the running coordinator. */
  const asking: Asking = (parent, usage, description, act) =>
    withJson(parent.command(usage).description(description))
      .option("--url <url>", "of the running coordinator; default http://127.0.0.1:7300")
      .option("--data <folder>", "the coordinator's folder, which holds the operator's token")
      .action(async (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        const flags = command.opts<Flags>();
        say(await act(await settingsOf(flags), command.args, flags), flags);
      });

  asking(root, "invite <site>", "make an invite for a hospital", (reach, [site = ""], flags) =>
    invite(reach, site, String(flags["hours"])),
  ).option("--hours <hours>", "how long it works", "72");
  const base = root.command("base").description("base models");
  asking(base, "import <folder>", "import manifest.json and weights.safetensors", (reach, [folder = ""]) => importBase(reach, folder));
  withBaseFlags(
    asking(
      base,
      "add <file>",
      "make a base from any ONNX encoder of pictures, or from PyTorch weights of a known architecture, and import it",
      (reach, [file = ""], flags) => addBase(reach, file, flags),
    ),
  );
  addPlans(root, asking);
  addRuns(root, asking);
  addReleases(root, asking);
  asking(root, "backup", "copy everything into a folder, while the coordinator runs", async (reach, _, flags) => {
    const { backup } = await import("./cli/backup.ts");
    return backup(reach, String(flags["out"]));
  }).requiredOption("--out <folder>", "where to; a folder with an earlier backup is brought up to date");
  asking(root, "blobs", "what takes space, and what of it can go", (reach, _, { collect }) => blobUsage(reach, collect === true)).option(
    "--collect",
    "let go now what can go",
  );
  addRestore(root);
  addDoctor(root, setExit);
  addTokens(root, asking);
  addAudit(root, setExit);
  const user = root.command("user").description("accounts of the dashboard");
  asking(user, "create", "make an account", (reach, _, { email, name, role, passwordFile }) =>
    createUser(reach, {
      email: String(email),
      name: String(name),
      role: String(role),
      ...(typeof passwordFile === "string" ? { passwordFile } : {}),
    }),
  )
    .requiredOption("--email <address>")
    .requiredOption("--name <name>")
    .requiredOption("--role <role>", "admin, researcher or viewer")
    .option("--password-file <file>", "otherwise a password is made and shown once");
  asking(user, "reset-second-factor <email>", "for somebody who has lost both app and recovery codes", (reach, [email = ""]) =>
    resetSecondFactor(reach, email),
  );
  return root;
}

await runCommands(program);
