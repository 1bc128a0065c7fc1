/** Timers for moments that may be years away or past, and that are not early where the clock was set. */

/** Node's longest timer is 24 days. */
const LONGEST_MS = 3_600_000;

export class Alarm {
  readonly #now: () => number;
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #key = "";

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls `ring` at each of `times` or soon after. The same `key` again changes nothing, also after they have rung; another replaces them. */
  set(key: string, times: readonly number[], ring: () => void): void {
    if (key === this.#key) return;
    this.clear();
    this.#key = key;
    for (const at of times) this.#wait(at, ring);
  }

  #wait(at: number, ring: () => void): void {
    const timer = setTimeout(
      () => {
        if (this.#now() < at) this.#wait(at, ring);
        else ring();
      },
      Math.min(Math.max(0, at - this.#now()), LONGEST_MS),
    );
    this.#timers.set(at, timer);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
