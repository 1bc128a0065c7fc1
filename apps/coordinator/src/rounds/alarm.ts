/** A timer for a moment that may be years away or past, and that is not early where the clock was set. */

/** Node's longest timer is 24 days. */
const LONGEST_MS = 3_600_000;

export class Alarm {
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #key = "";

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls `ring` once, at `at` or soon after. The same `key` again changes nothing, also after it has rung; another replaces it. */
  set(key: string, at: number, ring: () => void): void {
    if (key === this.#key) return;
    this.#key = key;
    clearTimeout(this.#timer);
    this.#wait(at, ring);
  }

  #wait(at: number, ring: () => void): void {
    this.#timer = setTimeout(
      () => {
        if (this.#now() < at) this.#wait(at, ring);
        else ring();
      },
      Math.min(Math.max(0, at - this.#now()), LONGEST_MS),
    );
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
