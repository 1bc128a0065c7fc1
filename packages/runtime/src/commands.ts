/** A program that is made of commands. */
import { CommanderError, type Command } from "commander";
import { runMain } from "./exit.ts";

/** Runs the command that the arguments name. A command says by `setExit` how the process ends, where that is not 0. */
export const runCommands = (program: (setExit: (code: number) => void) => Command): Promise<void> =>
  runMain(async () => {
    let exit: number | undefined;
    const setExit = (code: number): void => {
      exit = code;
    };
    try {
      await program(setExit).parseAsync();
      return exit;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return 0;
      // Commander has said already what is wrong.
      return 2;
    }
  });
