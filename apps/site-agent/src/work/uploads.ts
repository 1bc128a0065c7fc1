/** How far the coordinator has fetched the update that was announced last, from the bytes that leave. */
import type { Progress } from "@engraft/core/protocol/messages";

/** Smaller ones are gone before anybody could look. */
const WORTH_SHOWING = 4 * 1024 * 1024;

export class Uploads {
  readonly #report: (progress: Progress) => void;
  #current: { readonly run: Progress["run"]; readonly round: number; readonly total: number; done: number } | undefined;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  begin(answer: { readonly run: string; readonly round: number; readonly bytes: number }): void {
    this.#current =
      answer.bytes < WORTH_SHOWING ? undefined : { run: answer.run as Progress["run"], round: answer.round, total: answer.bytes, done: 0 };
  }

  sent(bytes: number): void {
    const current = this.#current;
    // Control messages go the same way; none is as large as a frame of an update.
    if (current === undefined || bytes < 16 * 1024) return;
    current.done = Math.min(current.total, current.done + bytes);
    this.#report({ run: current.run, round: current.round, phase: "upload", done: current.done, total: current.total });
  }

  end(): void {
    this.#current = undefined;
  }
}
