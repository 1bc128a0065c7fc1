/** What each word of a round's vector means, from the plan alone. */
import { assert, isRefusal } from "../base/errors.ts";
import type { Plan } from "../models/plan.ts";
import { travellingClip } from "../models/strategy.ts";
import { totalsLength } from "../models/tally.ts";
import { directoryOfPlan, secureOf } from "./of-plan.ts";
import { weightOf, type Encoding } from "./quantize.ts";

/** `vectorLength`: values that travel (`travellingLength`). An evaluation sums counts only. */
export function encodingOf(plan: Plan, vectorLength: number, purpose: "train" | "evaluate"): Encoding {
  const secure = secureOf(plan);
  const directory = directoryOfPlan(plan);
  assert(secure !== undefined && !isRefusal(directory), "the plan has no sound secure aggregation");
  return {
    sites: directory.sites.length,
    // Where all weigh the same, a weight needs no room: the values have all of it.
    cap: secure.weights === "equal" ? 1 : secure.weightCap,
    clipNorm: travellingClip(plan),
    clip: secure.coordinateClip,
    values: purpose === "train" ? vectorLength : 0,
    totals: totalsLength(plan, purpose),
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
