/** What a summary and a comparison with one need beyond the schema, at the field that mends it. The coordinator checks the same once more. */
import type { Plan } from "@engraft/core/models/plan";
import { LEAST_SUMMARY_COUNT, MAX_SUMMARY_TOTALS, summaryLength } from "@engraft/core/models/summary/settings";
import { shiftProblem } from "@engraft/core/models/summary/shift";
import type { Wrong } from "./sum-check.ts";
import type { EnterWords } from "../words/enter.ts";

export function outcomeProblems(plan: Plan, words: EnterWords): Wrong {
  const { summary, metrics } = plan;
  if (summary !== undefined)
    return {
      ...(metrics.minCount < LEAST_SUMMARY_COUNT && { minCount: words.summaryCount(LEAST_SUMMARY_COUNT) }),
      ...(summaryLength(plan) > MAX_SUMMARY_TOTALS && { bins: words.summaryLarge }),
    };
  return {
    ...(metrics.compareRelease !== undefined && !metrics.perSite && { earlier: words.earlierNeedsOwn }),
    ...(shiftProblem(plan) !== undefined && { shift: metrics.perSite ? words.shiftUnfit : words.shiftNeedsOwn }),
  };
}
