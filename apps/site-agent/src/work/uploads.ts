/** How far the coordinator has got with what this site announced last: also where an earlier link brought the beginning. */
import type { Progress } from "@engraft/core/protocol/messages";

export class Uploads {
  readonly #report: (progress: Progress) => void;
  #current: Pick<Progress, "run" | "round"> | undefined;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  begin({ run, round }: { readonly run: string; readonly round: number }): void {
    this.#current = { run: run as Progress["run"], round };
  }

  /** `done` of `total` bytes of a blob have left. A site offers one at a time. */
  served(done: number, total: number): void {
    if (this.#current !== undefined) this.#report({ ...this.#current, phase: "upload", done, total });
  }

  end(): void {
    this.#current = undefined;
  }
}
