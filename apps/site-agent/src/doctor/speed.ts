/** Whether the line is fast enough for the plans: pure, so that slow lines can be tested without one. */
import { ok, warning, type Finding } from "@engraft/runtime/doctor";

export interface Demand {
  /** Name and version. */
  readonly plan: string;
  /** Weights and checkpoint, in the first round. */
  readonly downBytes: number;
  readonly upBytes: number;
  readonly deadlineSeconds: number;
}

/** The rest of a round is for training. */
const SHARE_FOR_TRANSFER = 0.5;

const megabytes = (bytes: number): string => {
  const value = bytes / 1e6;
  return value >= 10 ? value.toFixed(0) : value >= 0.01 ? value.toFixed(2) : value.toPrecision(1);
};

/** `bytesPerSecond` as measured downwards; upwards is taken to be no better. */
export function speedFinding(bytesPerSecond: number, demands: readonly Demand[]): Finding {
  const measured = `${megabytes(bytesPerSecond)} MB/s from the coordinator`;
  const needs = demands.map((demand) => ({
    ...demand,
    needed: (demand.downBytes + demand.upBytes) / (demand.deadlineSeconds * SHARE_FOR_TRANSFER),
  }));
  const hardest = needs.reduce<(typeof needs)[number] | undefined>(
    (worst, demand) => (worst === undefined || demand.needed > worst.needed ? demand : worst),
    undefined,
  );
  if (hardest === undefined || bytesPerSecond >= hardest.needed) return ok(measured);
  const minutes = Math.ceil((hardest.downBytes + hardest.upBytes) / bytesPerSecond / 60);
  return warning(
    "slow-line",
    `${measured}. The first round of ${hardest.plan} moves ${megabytes(hardest.downBytes + hardest.upBytes)} MB, which takes ${minutes} min of the ${Math.ceil(hardest.deadlineSeconds / 60)} min that it may last; ${megabytes(hardest.needed)} MB/s are needed.`,
    "Ask for a faster line or for this host to be excepted from a throttling proxy, or ask the plan's author for a longer deadline.",
  );
}
