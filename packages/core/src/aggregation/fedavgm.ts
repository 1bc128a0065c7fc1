/** FedAvgM: Hsu, Qi and Brown 2019, "Measuring the effects of non-identical data distribution", section 3.3: v = momentum v + mean, x += rate v. */
import type { StrategyOf } from "../models/strategy.ts";
import type { ServerStep } from "./server-step.ts";

export const fedAvgM = ({ serverRate, momentum }: StrategyOf<"fedavgm">): ServerStep => ({
  initial: [0],
  apply: ({ checkpoint, mean, state }) => {
    for (let i = 0; i < checkpoint.length; i++) {
      const v = (state[i] = momentum * (state[i] as number) + (mean[i] as number));
      checkpoint[i] = (checkpoint[i] as number) + serverRate * v;
    }
  },
});
