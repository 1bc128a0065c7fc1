/** Counts a table in a thread of its own: reading a large one must not keep an agent from its link. */
import type { SiteShift } from "@engraft/core/models/summary/shift";
import type { Calls } from "../train/protocol.ts";
import { startTrainingThread } from "../train/thread.ts";
import type { CountOptions } from "./counts.ts";
import type { ShiftOptions } from "./shift.ts";

/** As `countTable`. */
export const summarise = (options: CountOptions, signal?: AbortSignal): Promise<readonly number[]> => inThread("count", options, signal);

/** As `siteShift`. */
export const shiftHere = (options: ShiftOptions, signal?: AbortSignal): Promise<SiteShift> => inThread("shift", options, signal);

async function inThread<N extends "count" | "shift">(
  name: N,
  options: Calls[N]["request"],
  signal?: AbortSignal,
): Promise<Calls[N]["answer"]> {
  const thread = startTrainingThread();
  const stop = (): void => void thread.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    return await thread.call(name, options);
  } finally {
    signal?.removeEventListener("abort", stop);
    await thread.close();
  }
}
