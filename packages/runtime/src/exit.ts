/** How a program ends: one clear line and the table's exit code, or a clean stop on the first Ctrl-C. */
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { namedStorageFault } from "./files.ts";

/** Runs a program. A fault prints its text (with `--json` one JSON object) on stderr; a bug prints its stack and exits with 70. */
export async function runMain(main: () => Promise<number | void>): Promise<void> {
  // Whoever reads our output may stop early, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** A failed call of the file system names its path; a port that is not ours, for example, has none. */
const named = (error: unknown): unknown =>
  error instanceof Error && "path" in error && typeof error.path === "string" ? (namedStorageFault(error, error.path) ?? error) : error;

function report(thrown: unknown): number {
  const error = named(thrown);
  if (error instanceof EngraftError) {
    const line = process.argv.includes("--json")
      ? JSON.stringify({ error: { code: error.code, text: error.message } })
      : `${error.message}\n(${error.code})`;
    process.stderr.write(`${line}\n`);
    return CODES[error.code].exit;
  }
  process.stderr.write(
    `This is a bug in Engraft. Please report it with this text.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 70;
}

/** Calls `stop` once, on SIGINT, SIGTERM or SIGHUP; a second signal ends the process at once. */
export function onStop(stop: (signal: string) => Promise<void>): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      stop(signal).then(
        () => process.exit(0),
        (error: unknown) => process.exit(report(error)),
      );
    });
  }
}
