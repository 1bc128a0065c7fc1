/** At most four reports a second, the newest each time; a step that is over within a quarter of a second is not reported at all. */
import type { Progress } from "@engraft/core/protocol/messages";

const EVERY_MS = 250;

export class ProgressReports {
  readonly #send: (progress: Progress) => void;
  #newest: Progress | undefined;
  /** What was sent last, until it is over. */
  #told: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (progress: Progress) => void) {
    this.#send = send;
  }

  report(progress: Progress): void {
    this.#newest = progress;
    this.#timer ??= setTimeout(() => this.#flush(), EVERY_MS);
  }

  /** Nothing is under way any more: said where something was. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#newest = undefined;
    const told = this.#told;
    this.#told = undefined;
    if (told !== undefined) this.#send({ ...told, phase: "wait", done: 0, total: 0 });
  }

  #flush(): void {
    this.#timer = undefined;
    const newest = this.#newest;
    this.#newest = undefined;
    if (newest === undefined) return;
    this.#told = newest;
    this.#send(newest);
  }
}
