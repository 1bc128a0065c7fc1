/** `start`: the daemon. */
import { EngraftError } from "@engraft/core/base/errors";
import { onStop } from "@engraft/runtime/exit";
import { openLog } from "@engraft/runtime/log";
import { insideProgram } from "@engraft/runtime/program-folder";
import { runAgent } from "../agent.ts";
import type { Emit } from "../events.ts";
import { showInTerminal } from "../terminal/live.ts";
import { findNextKey } from "../vault/next-key.ts";
import type { AddCommand, CommandContext } from "./command.ts";

export const addStart: AddCommand = (program, run) => {
  program
    .command("start")
    .description("Run the agent: keep the connection to the coordinator and answer its asks")
    .option("--ca <file>", "trust this certificate authority too (PEM)")
    .action(run((context) => startCommand(context)));
};

async function startCommand({ config, json }: CommandContext): Promise<void> {
  if ((await findNextKey(config.home)) !== undefined)
    throw new EngraftError(
      "conflict",
      'A change of this site\'s key broke off. Run "engraft-site rotate-key" again: it goes on where it stopped.',
    );
  const stop = new AbortController();
  const terminal = json || process.stderr.isTTY !== true ? undefined : showInTerminal();
  // Log lines and bars on one screen would tear each other up.
  const log = openLog("site-agent", config.logLevel ?? (terminal === undefined ? "info" : "silent"));
  const inside = insideProgram(config.home, "--home");
  if (inside !== undefined) process.stderr.write(`${inside}\n`);
  const emit: Emit = json ? (event) => void process.stdout.write(`${JSON.stringify(event)}\n`) : (event) => terminal?.show(event);
  const { openSiteModel } = await import("@engraft/engine/site-model");
  const running = runAgent({ home: config.home, ca: config.ca, signal: stop.signal }, { openSiteModel, log, emit });
  onStop(async () => {
    stop.abort(new EngraftError("link-lost", "The agent stops."));
    await running;
    terminal?.close();
  });
  try {
    await running;
  } finally {
    terminal?.close();
  }
}
