/** Analytic rounds as a plan writes them; analytic.ts says what becomes of them. */
import * as z from "zod";

export const Analytic = z
  .strictObject({
    /**
     * `ridge`: least squares on the label, in closed form. `newton`: one step of Newton's method on the penalised likelihood in
     * each round (Wu et al. 2012, "Grid binary logistic regression"; of times to an event the partial likelihood with a baseline at each
     * site, Lu et al. 2015, "WebDISCO"), the first from a head of zeros.
     */
    method: z.enum(["ridge", "newton"]),
    /** The first so many rounds are analytic; with as many as the plan has, the whole run is. */
    rounds: z.int().min(1).max(20),
    /**
     * L2 penalty on the weights of inputs that are standardised over the federation: scikit-learn's `alpha` for ridge, 1 / `C` for
     * newton. The intercept has none.
     */
    penalty: z.number().gt(0).max(1e9),
    /** Largest absolute value of one input of the head; a larger one counts as this. */
    bound: z.number().gt(0).max(1e6),
  })
  .refine(({ method, rounds }) => method === "newton" || rounds === 1, "ridge has its solution after one round");
export type Analytic = z.infer<typeof Analytic>;
