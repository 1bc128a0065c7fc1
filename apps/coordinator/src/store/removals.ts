/**
 * The one thing that cannot be undone: blobs that nobody needs any more are deleted. Not while a backup is being made, which
 * may need them; and never by a coordinator that no longer leads, whose blobs are another's.
 */
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Term } from "./term.ts";

export class Removals {
  readonly #blobs: Pick<BlobStore, "remove">;
  readonly #term: Pick<Term, "holds"> | undefined;
  readonly #pauses = new Set<Promise<void>>();

  constructor(blobs: Pick<BlobStore, "remove">, term: Pick<Term, "holds"> | undefined) {
    this.#blobs = blobs;
    this.#term = term;
  }

  async remove(digest: string): Promise<void> {
    while (this.#pauses.size > 0) await Promise.all(this.#pauses);
    if (this.#term?.holds() === false) return;
    await this.#blobs.remove(digest);
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
