/** Which parameters a round trains, and how fast: a factor on the learning rate for each. */
import type { Plan } from "@engraft/core/models/plan";
import { sizeOf, totalSize, type TensorSpec } from "@engraft/core/models/tensors";

type Settings = Pick<Plan["training"], "depthRates" | "unfreezeEvery">;

/**
 * Factors for the values of `trained` in round `round` (from 1 on); undefined where all are 1. A running statistic has 0: it follows
 * the data, not a gradient. Discriminative rates and gradual unfreezing after Howard and Ruder 2018, section 3.2.
 */
export function ratesOf(trained: readonly TensorSpec[], settings: Settings, round: number): Float32Array | undefined {
  const { depthRates, unfreezeEvery } = settings;
  if (depthRates === undefined && unfreezeEvery === undefined && trained.every(({ role }) => role === undefined)) return undefined;
  const rates = new Float32Array(totalSize(trained));
  let at = 0;
  for (const spec of trained) {
    rates.fill(factor(spec, settings, round), at, (at += sizeOf(spec)));
  }
  return rates;
}

function factor({ depth, role }: TensorSpec, { depthRates = [1], unfreezeEvery }: Settings, round: number): number {
  if (role === "statistic") return 0;
  if (unfreezeEvery !== undefined && depth > Math.floor((round - 1) / unfreezeEvery)) return 0;
  return depthRates[Math.min(depth, depthRates.length - 1)] as number;
}
