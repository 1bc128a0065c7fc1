/** What each word of a round's vector means, from the plan alone. */
import { assert, isRefusal } from "../base/errors.ts";
import { analyticOf, statisticsLength, type RoundOf, type VectorSize } from "../models/analytic.ts";
import type { Plan } from "../models/plan.ts";
import { travellingClip } from "../models/strategy.ts";
import { summaryLength } from "../models/summary/settings.ts";
import { totalsLength } from "../models/tally.ts";
import { directoryOfPlan, secureOf } from "./of-plan.ts";
import { weightOf, type Encoding } from "./quantize.ts";

/** An evaluation, and a summary, sums counts only; an analytic round counts, and behind them the statistics of the head. */
export function encodingOf(plan: Plan, { vectorLength, headInputs }: VectorSize, of: RoundOf): Encoding {
  const secure = secureOf(plan);
  const directory = directoryOfPlan(plan);
  assert(secure !== undefined && !isRefusal(directory), "the plan has no sound secure aggregation");
  const solves = analyticOf(plan, of) !== undefined;
  return {
    sites: directory.sites.length,
    // Where all weigh the same, a weight needs no room: the values have all of it.
    cap: secure.weights === "equal" ? 1 : secure.weightCap,
    clipNorm: travellingClip(plan),
    clip: secure.coordinateClip,
    values: of.purpose === "train" && !solves ? vectorLength : 0,
    totals: totalsLength(plan, of.purpose) + (solves ? statisticsLength(headInputs) : 0) + summaryLength(plan),
    noise: 0,
    words: secure.encoding,
  };
}

/** A site's weight in the mean, from its sample count, as the plan lets it tell. */
export function weightFor(plan: Plan, sampleCount: number): number {
  const secure = secureOf(plan);
  assert(secure !== undefined, "the plan has no secure aggregation");
  return weightOf(sampleCount, secure.weights, secure.weightCap);
}
