/** How long to wait before dialling again. */

const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/** Not at once, whatever chance says: what has just failed is still failing. */
const LEAST_MS = 50;

/** By chance up to a bound that doubles from 0.2 s to 30 s: the sites of a federation that were cut off together come back one by one. */
export const backoff = (failures: number, random: () => number): number => {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return LEAST_MS + random() * (most - LEAST_MS);
};

/** A link that held this long was a good one; so was one that carried as much as a frame of a blob. */
const GOOD_MS = 5_000;
const GOOD_BYTES = 256 * 1024;

/** Failures in a row, after a link or an attempt at one has ended. A line that is cut now and then in large transfers is no failing one. */
export const failuresAfter = (failures: number, link: { readonly heldMs: number; readonly bytes: number }): number =>
  link.heldMs > GOOD_MS || link.bytes >= GOOD_BYTES ? 0 : failures + 1;

/** For reasons that do not pass by themselves: somebody must act first. */
export const longestWait = (random: () => number): number => LONGEST_MS * (0.5 + random() / 2);

/** Waits, or returns at once when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
