/** What just happened, to whoever watches. Nothing is kept: numbered events are resumed from the log. */
import type { LiveItem } from "../api/views.ts";

export class Feed {
  readonly #listeners = new Set<(item: LiveItem) => void>();

  publish(item: LiveItem): void {
    for (const listener of this.#listeners) listener(item);
  }

  /** Returns the function that ends it. */
  listen(listener: (item: LiveItem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
