/** FedAdam: Reddi et al. 2021, algorithm 2: v = beta2 v + (1 - beta2) mean^2. */
import type { StrategyOf } from "../models/strategy.ts";
import { adaptive } from "./adaptive.ts";
import type { ServerStep } from "./server-step.ts";

export const fedAdam = (strategy: StrategyOf<"fedadam">): ServerStep =>
  adaptive(strategy, (v, squared) => strategy.beta2 * v + (1 - strategy.beta2) * squared);
