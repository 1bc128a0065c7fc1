/** A probe in a thread of its own, as training is. */
import { startTrainingThread, type CallOptions } from "../train/thread.ts";
import type { SessionOptions } from "../train/session.ts";
import type { Probe } from "./probe.ts";

/** As `probeTransfer`. */
export async function probeHere(options: Omit<SessionOptions, "fold">, progress: NonNullable<CallOptions["onProgress"]>): Promise<Probe> {
  const thread = startTrainingThread();
  try {
    return await thread.call("probe", options, { onProgress: progress });
  } finally {
    await thread.close();
  }
}
