/** FedYogi: Reddi et al. 2021, algorithm 2: v -= (1 - beta2) mean^2 sign(v - mean^2), so that v grows and shrinks by steps of one size. */
import type { StrategyOf } from "../models/strategy.ts";
import { adaptive } from "./adaptive.ts";
import type { ServerStep } from "./server-step.ts";

export const fedYogi = (strategy: StrategyOf<"fedyogi">): ServerStep =>
  adaptive(strategy, (v, squared) => v - (1 - strategy.beta2) * squared * Math.sign(v - squared));
