/** Strategies as a plan writes them; strategy.ts says what each needs. */
import * as z from "zod";

/** Factor on what the server adds to the checkpoint: eta in the papers. */
const serverRate = z.number().gt(0).max(10);
/** How much of the last round's movement stays. */
const decay = z.number().min(0).lt(1);
/** Added to the root of the second moment; the smaller, the more alike all values move. */
const tau = z.number().gt(0).max(1);
/** Sites that may send anything. */
const liars = z.int().min(1).max(49);

export const Strategy = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("fedavgm"), serverRate, momentum: decay }),
  z.strictObject({ name: z.literal("fedadagrad"), serverRate, beta1: decay, tau }),
  z.strictObject({ name: z.literal("fedadam"), serverRate, beta1: decay, beta2: decay, tau }),
  z.strictObject({ name: z.literal("fedyogi"), serverRate, beta1: decay, beta2: decay, tau }),
  /** `mu`: how hard a site's model is drawn to where the round began. */
  z.strictObject({ name: z.literal("fedprox"), mu: z.number().gt(0).max(100) }),
  z.strictObject({ name: z.literal("scaffold"), serverRate }),
  z.strictObject({ name: z.literal("median") }),
  z.strictObject({ name: z.literal("trimmed-mean"), liars }),
  /** `keep`: how many updates are averaged; 1 is Krum, more is multi-Krum. */
  z.strictObject({ name: z.literal("krum"), liars, keep: z.int().min(1).max(100) }),
]);
export type Strategy = z.infer<typeof Strategy>;
