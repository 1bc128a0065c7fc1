/** FedAdagrad: Reddi et al. 2021, algorithm 2: v += mean^2. */
import type { StrategyOf } from "../models/strategy.ts";
import { adaptive } from "./adaptive.ts";
import type { ServerStep } from "./server-step.ts";

export const fedAdagrad = (strategy: StrategyOf<"fedadagrad">): ServerStep => adaptive(strategy, (v, squared) => v + squared);
