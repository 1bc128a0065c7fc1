/** How a plan asks for a summary. */
import * as z from "zod";

export const SummarySettings = z.strictObject({
  /** Bins of equal width in which a number's declared range is counted; what lies outside it is counted below and above. */
  bins: z.int().min(2).max(64),
});
export type SummarySettings = z.infer<typeof SummarySettings>;
