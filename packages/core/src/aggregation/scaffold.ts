/**
 * SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II): each site and the server keep a control variate, the mean gradient of
 * a round's steps, and a site's steps go along gradient - own + server. A checkpoint is the model and, behind it, the server's
 * control variate; an update is how far a site moved and, behind that, the change of its own.
 *
 * Control variates are kept and sent times steps and learning rate, as the way that a round's steps go: so both halves have one
 * scale, and one clip fits both.
 */
import type { StrategyOf } from "../models/strategy.ts";
import { clipTo } from "./mean.ts";
import type { Round, ServerStep } from "./server-step.ts";

/** Lines 16 and 17: x += rate times the mean way, c += |S| / N times the mean change. */
export const scaffoldServer = ({ serverRate }: StrategyOf<"scaffold">, { values, share }: Round): ServerStep => ({
  initial: [],
  apply: ({ from, checkpoint, mean }) => {
    for (let i = 0; i < checkpoint.length; i++) {
      const rate = from + i < values / 2 ? serverRate : share;
      checkpoint[i] = (checkpoint[i] as number) + rate * (mean[i] as number);
    }
  },
});

/** Control variates as they are kept: of the server and of the site, both as long as the model. */
export interface Variates {
  readonly server: Float32Array;
  readonly own: Float32Array;
}

/** What is added to the loss's gradient in each step: server - own (line 10). `reach`: steps times learning rate. */
export function correctionOf({ server, own }: Variates, reach: number): Float32Array {
  return server.map((value, i) => (value - (own[i] as number)) / reach);
}

/**
 * Option II of line 12: own+ = own - server + (x - y) / reach, here times reach. Returns own+ minus own, scaled down to the L2 norm
 * `clip` and then cut at `largest` by value: what is kept is what was sent, so that the server's stays the mean of the sites'.
 * `moved`: y - x.
 */
export function variateChange({ server }: Variates, moved: Float32Array, clip: number, largest = clip): Float32Array {
  const change = server.map((value, i) => -value - (moved[i] as number));
  clipTo(change, clip);
  return change.map((value) => Math.min(largest, Math.max(-largest, value)));
}
