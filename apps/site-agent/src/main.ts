/** The command line of a site: one file for each command in commands/. */
import { Command, CommanderError } from "commander";
import { EngraftError } from "@engraft/core/base/errors";
import { runMain } from "@engraft/runtime/exit";
import { runner } from "./commands/command.ts";
import { addAudit } from "./commands/audit.ts";
import { addApprove, addRefuse } from "./commands/decide.ts";
import { addBase } from "./commands/base.ts";
import { addData } from "./commands/data.ts";
import { addDirectory } from "./commands/directory.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEngine } from "./commands/engine.ts";
import { addJoin } from "./commands/join.ts";
import { addLeave } from "./commands/leave.ts";
import { addPause, addResume } from "./commands/participation.ts";
import { addProbe } from "./commands/probe.ts";
import { addPage } from "./commands/page.ts";
import { addPolicy } from "./commands/policy.ts";
import { addReview } from "./commands/review.ts";
import { addRotateKey } from "./commands/rotate-key.ts";
import { addStart } from "./commands/start.ts";
import { addStatus } from "./commands/status.ts";
import { VERSION } from "./version.ts";

async function main(): Promise<number> {
  let exit = 0;
  const program = new Command("engraft-site")
    .description("A hospital's part in a federation: data stays here, its people decide")
    .version(VERSION)
    .option("--home <dir>", "folder of the agent: keys, decisions, cache (ENGRAFT_HOME; default ./engraft-site)")
    .option("--json", "one JSON object per line on stdout")
    .option("--log-level <level>", "of the log on stderr: trace, debug, info, warn, error, fatal or silent")
    .showSuggestionAfterError(true);
  const run = runner((code) => {
    exit = code;
  });
  for (const add of [
    addJoin,
    addData,
    addReview,
    addDirectory,
    addApprove,
    addRefuse,
    addStart,
    addStatus,
    addPolicy,
    addPage,
    addPause,
    addResume,
    addDoctor,
    addEngine,
    addBase,
    addProbe,
    addAudit,
    addRotateKey,
    addLeave,
  ])
    add(program, run);
  quietly(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw new EngraftError(
      "bad-input",
      error.code === "commander.help"
        ? 'Name a command; "engraft-site --help" lists them.'
        : `${error.message.replace(/^error: /, "")}. "engraft-site --help" lists the commands.`,
    );
  }
  return exit;
}

/** Mistyped commands end like every other error: one line and the table's exit code. */
function quietly(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const inner of command.commands) quietly(inner);
}

await runMain(main);
