/**
 * What the adaptive server optimizers share (Reddi et al. 2021, "Adaptive federated optimization", algorithm 2):
 * m = beta1 m + (1 - beta1) mean, v by the optimizer's own rule, x += rate m / (sqrt(v) + tau), from m = 0 and v = tau^2. As in the
 * paper there is no bias correction.
 */
import type { ServerStep } from "./server-step.ts";

interface Settings {
  readonly serverRate: number;
  readonly beta1: number;
  readonly tau: number;
}

/** `secondMoment`: the next v, from the last one and the squared mean. */
export const adaptive = ({ serverRate, beta1, tau }: Settings, secondMoment: (v: number, squared: number) => number): ServerStep => ({
  initial: [0, tau ** 2],
  apply: ({ checkpoint, mean, state }) => {
    for (let i = 0; i < checkpoint.length; i++) {
      const d = mean[i] as number;
      const m = (state[2 * i] = beta1 * (state[2 * i] as number) + (1 - beta1) * d);
      const v = (state[2 * i + 1] = secondMoment(state[2 * i + 1] as number, d * d));
      checkpoint[i] = (checkpoint[i] as number) + (serverRate * m) / (Math.sqrt(v) + tau);
    }
  },
});
