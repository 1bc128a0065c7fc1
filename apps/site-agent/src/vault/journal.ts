/** What this site has decided, sent and refused, one JSON line each, kept for its own people. Never a data value. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";

export interface JournalEntry {
  /** Constant name, for example `update.sent`. */
  readonly what: string;
  readonly [detail: string]: string | number | boolean | null;
}

export class Journal {
  readonly #path: string;
  readonly #now: () => number;
  #queue: Promise<void> = Promise.resolve();
  /** Entries that could not be written since the last one that could. */
  #missing = 0;

  constructor(home: string, now: () => number) {
    this.#path = join(home, "journal.jsonl");
    this.#now = now;
  }

  /** Lines are written in order; `flush` waits for them. */
  add(entry: JournalEntry): void {
    const at = this.#now();
    this.#queue = this.#queue.then(() => this.#write({ at, ...entry }));
  }

  /** A full disk stops the answer itself, with its own error; the journal must not stop more than that. It says what it lacks. */
  async #write(entry: JournalEntry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    // The line that failed may be there in part.
    const gap = this.#missing === 0 ? "" : `\n${JSON.stringify({ at: this.#now(), what: "journal.gap", missing: this.#missing })}\n`;
    try {
      await appendFile(this.#path, gap + line, { mode: 0o600 });
      this.#missing = 0;
    } catch {
      this.#missing += 1;
    }
  }

  flush(): Promise<void> {
    return this.#queue;
  }
}
