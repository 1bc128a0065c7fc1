/** One of Engraft's programs as a real process: its JSON lines, its end, its signals. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The real binaries, by the name people type. */
export const BINARIES = {
  "engraft-coordinator": `${ROOT}apps/coordinator/bin/engraft-coordinator.js`,
  "engraft-site": `${ROOT}apps/site-agent/bin/engraft-site.js`,
  engraft: `${ROOT}apps/cli/bin/engraft.js`,
  "engraft-dashboard": `${ROOT}apps/dashboard/bin/engraft-dashboard.js`,
} as const;

export type BinaryName = keyof typeof BINARIES;

export interface ProgramOptions {
  readonly name: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where stderr is kept. */
  readonly log: string;
  /** Runs this file instead of a binary. */
  readonly script?: string;
}

/** Every program that is not yet gone, so that nobody leaves one behind. */
const running = new Set<Program>();

export const killAll = async (): Promise<void> => {
  await Promise.all([...running].map((program) => program.stop()));
};
process.once("exit", () => {
  for (const program of running) program.kill("SIGKILL");
});

export class Program {
  readonly name: string;
  readonly lines: Line[] = [];
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  #stderr = "";
  readonly #watchers = new Set<() => void>();

  private constructor(name: string, child: ChildProcess, log: string) {
    this.name = name;
    this.#child = child;
    running.add(this);
    const file = createWriteStream(log, { flags: "a" });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-8_000);
      file.write(chunk);
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = parseLine(text);
        this.lines.push(line);
        for (const watcher of this.#watchers) watcher();
        for (const listener of this.#listeners) listener(line);
      });
    }
    this.exited = once(child, "close").then(([code, signal]) => {
      running.delete(this);
      file.end();
      for (const watcher of this.#watchers) watcher();
      return (code as number | null) ?? 128 + (signal === "SIGKILL" ? 9 : 15);
    });
  }

  readonly #listeners = new Set<(line: Line) => void>();

  static start(binary: BinaryName, args: readonly string[], options: ProgramOptions): Program {
    const child = spawn(process.execPath, [options.script ?? BINARIES[binary], ...args], {
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Program(options.name, child, options.log);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  onLine(listener: (line: Line) => void): void {
    for (const line of this.lines) listener(line);
    this.#listeners.add(listener);
  }

  /** The first line for which `wanted` holds, also one that came before. Rejects with the program's last words if it ends first. */
  async line(wanted: (line: Line) => boolean, after = 0): Promise<Line> {
    for (;;) {
      const found = this.lines.slice(after).find(wanted);
      if (found !== undefined) return found;
      if (!this.alive) throw new Error(`${this.name} ended (${await this.exited}) before it said what was awaited:\n${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  event(name: string, after = 0): Promise<Line> {
    return this.line((line) => line.event === name, after);
  }

  get stderr(): string {
    return this.#stderr;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.alive) this.#child.kill(signal);
  }

  /** kill -9, and wait until it is gone. */
  async crash(): Promise<void> {
    this.kill("SIGKILL");
    await this.exited;
  }

  /** Asks it to stop; after ten seconds insists. */
  async stop(): Promise<number> {
    this.kill("SIGTERM");
    const insist = setTimeout(() => this.kill("SIGKILL"), 10_000);
    const code = await this.exited;
    clearTimeout(insist);
    return code;
  }
}

function parseLine(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Line) : { text };
  } catch {
    return { text };
  }
}

export interface Finished {
  readonly code: number;
  /** Last JSON object on stdout, if any. */
  readonly result: Line | undefined;
  readonly stdout: readonly Line[];
  readonly stderr: string;
}

/** Runs a command to its end. Never throws on a non-zero exit: the caller looks at `code`. */
export async function run(binary: BinaryName, args: readonly string[], options: ProgramOptions): Promise<Finished> {
  const program = Program.start(binary, args, options);
  const code = await program.exited;
  return { code, result: program.lines.at(-1), stdout: program.lines, stderr: program.stderr };
}
