/** What every command gets: its settings, and one way to say its result. */
import { clock } from "@engraft/runtime/clock";
import type { Command } from "commander";
import { readConfig, type Flags, type SiteConfig } from "../config.ts";

export interface CommandContext {
  readonly config: SiteConfig;
  /** One JSON object per line on stdout instead of text. */
  readonly json: boolean;
  /** The result, on stdout: the object with --json, else the text. */
  readonly print: (result: Readonly<Record<string, unknown>>, text: string) => void;
  readonly now: () => number;
}

/** Adds commands; an action that returns a number sets the exit code. */
export type AddCommand = (program: Command, run: RunCommand) => void;

export type RunCommand = <A extends unknown[]>(
  action: (context: CommandContext, ...args: A) => Promise<number | void>,
) => (...args: [...A, Command]) => Promise<void>;

/** Wraps an action for commander: reads the settings first, keeps the exit code. */
export function runner(setExit: (code: number) => void): RunCommand {
  return <A extends unknown[]>(action: (context: CommandContext, ...args: A) => Promise<number | void>) =>
    async (...args: [...A, Command]) => {
      // Commander gives the declared arguments, the command's own flags and, last, the command.
      const command = args.at(-1) as Command;
      const flags = command.optsWithGlobals<Flags & { json?: boolean }>();
      const json = flags.json === true;
      const config = await readConfig(flags, process.env);
      // Engines run in threads and processes of their own, which read the environment.
      if (config.engineCache !== undefined) process.env["ENGRAFT_ENGINE_CACHE"] = config.engineCache;
      if (config.gpu !== undefined) process.env["ENGRAFT_GPU"] = config.gpu;
      if (config.engine !== undefined) process.env["ENGRAFT_ENGINE"] = config.engine;
      const context: CommandContext = {
        config,
        json,
        print: (result, text) => void process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text}\n`),
        now: clock,
      };
      setExit((await action(context, ...(args.slice(0, -1) as A))) ?? 0);
    };
}

/** True where a person sits in front of it. */
export const isInteractive = (json: boolean): boolean => !json && process.stdin.isTTY === true && process.stdout.isTTY === true;
