/** A process that answers each line of JSON with one line of JSON: ours and the peer's measure in processes of their own. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export class LineProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;
  #stderr = "";

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-2_000);
    });
    // What it could not be told shows as an answer that does not come.
    this.#child.stdin.on("error", () => undefined);
    this.#child.on("error", (error) => {
      this.#stderr += error.message;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Rejects with the process's last words where it ends instead. */
  async ask<T>(question: object): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return this.hear<T>();
  }

  /** The next line that it says. Rejects as `ask`. */
  async hear<T>(): Promise<T> {
    const answer = await this.#lines.next();
    if (answer.done === true) throw new Error(`${this.#name} ended: ${this.#stderr.trim()}`);
    return JSON.parse(answer.value) as T;
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill();
    await this.#lines.return?.();
  }
}
