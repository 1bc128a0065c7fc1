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

  constructor(home: string, now: () => number) {
    this.#path = join(home, "journal.jsonl");
    this.#now = now;
  }

  /** Lines are written in order; `flush` waits for them. */
  add(entry: JournalEntry): void {
    const line = `${JSON.stringify({ at: this.#now(), ...entry })}\n`;
    // A full disk stops the answer itself, with its own error; the journal must not stop more than that.
    this.#queue = this.#queue.then(() => appendFile(this.#path, line, { mode: 0o600 })).catch(() => undefined);
  }

  flush(): Promise<void> {
    return this.#queue;
  }
}
