/**
 * The one thing that cannot be undone: blobs that nobody needs any more are deleted. Not while a backup is being made, which
 * may need them; and never by a coordinator that no longer leads, whose blobs are another's.
 */
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Term } from "./term.ts";

type Removing = Pick<BlobStore, "remove" | "collect" | "sweepPartial">;

export class Removals {
  readonly #blobs: Removing;
  readonly #term: Pick<Term, "holds"> | undefined;
  readonly #pauses = new Set<Promise<void>>();

  constructor(blobs: Removing, term: Pick<Term, "holds"> | undefined) {
    this.#blobs = blobs;
    this.#term = term;
  }

  async remove(digest: string): Promise<void> {
    if (await this.#mayGoOn()) await this.#blobs.remove(digest);
  }

  /** As `BlobStore.collect`; a blob that may not be removed at the last moment stays. */
  async collect(digest: string, before: number): Promise<boolean> {
    return (await this.#mayGoOn()) && this.#blobs.collect(digest, before, () => this.#pauses.size === 0 && this.#leads());
  }

  /** As `BlobStore.sweepPartial`. */
  async sweepPartial(before: number): Promise<number> {
    return (await this.#mayGoOn()) ? this.#blobs.sweepPartial(before) : 0;
  }

  /** False where this coordinator leads no more. */
  async #mayGoOn(): Promise<boolean> {
    while (this.#pauses.size > 0) await Promise.all(this.#pauses);
    return this.#leads();
  }

  #leads(): boolean {
    return this.#term?.holds() !== false;
  }

  /** Nothing is removed until what is returned is called. */
  pause(): () => void {
    let end = (): void => undefined;
    const pause = new Promise<void>((resolve) => (end = resolve));
    this.#pauses.add(pause);
    return () => {
      this.#pauses.delete(pause);
      end();
    };
  }
}
