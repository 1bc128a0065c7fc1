/** Some at a time, so that what they hold does not add up. */

/** Calls `each` with every item, at most `most` at once. Throws the first error once those under way have ended. */
export async function inTurns<T>(items: readonly T[], most: number, each: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length) await each(items[next++] as T);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(most, items.length) }, one));
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}
