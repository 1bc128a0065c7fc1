/**
 * A model between this site's own and the federation's: the parameters weight x own + (1 - weight) x federation's, as in APFL (Deng et
 * al. 2020, equation 3), with the weight chosen at the site on its validation patients (model interpolation of Mansour et al. 2020,
 * section 5). Both come from the same base, so the line between them is short. It stays here; only its figures may leave.
 */
import { goodness } from "@engraft/core/models/metric-names";
import type { MetricName, Plan } from "@engraft/core/models/plan";
import type { OwnMix } from "@engraft/core/models/metrics";
import { lettingOut } from "./egress.ts";
import type { OwnModel, SharedModel, SiteModel } from "./site-model.ts";

/** Shares of the site's own model that are tried; of equally good ones the smallest is taken. */
const WEIGHTS = Array.from({ length: 11 }, (_, step) => step / 10);

export const mixed = (shared: Float32Array, own: Float32Array, weight: number): Float32Array =>
  own.map((value, i) => (1 - weight) * (shared[i] as number) + weight * value);

/** The log loss where the plan names it, because it moves with every score; else the first that is named. */
const judgedBy = ({ metrics }: Plan): MetricName => (metrics.names.includes("loss") ? "loss" : (metrics.names[0] as MetricName));

/** Null where there are too few patients to choose by, or to say something of. */
export async function ownMix(
  plan: Plan,
  model: SiteModel,
  shared: SharedModel,
  own: OwnModel,
  signal: AbortSignal,
): Promise<OwnMix | null> {
  const personal = shared.personal ?? new Float32Array();
  if (personal.length !== own.personal.length) return null;
  const evaluate = (weight: number, part: "validation" | "test") => {
    signal.throwIfAborted();
    return model.evaluate(
      mixed(shared.vector, own.vector, weight),
      part,
      personal.length === 0 ? undefined : mixed(personal, own.personal, weight),
    );
  };
  const metric = judgedBy(plan);
  let best: { readonly weight: number; readonly score: number } | undefined;
  for (const weight of WEIGHTS) {
    const value = (await evaluate(weight, "validation"))?.values[metric]?.value;
    if (value === undefined) continue;
    const score = goodness(metric, value);
    if (best === undefined || score > best.score) best = { weight, score };
  }
  if (best === undefined) return null;
  const metrics = lettingOut(plan, await evaluate(best.weight, "test"));
  return metrics === null ? null : { weight: best.weight, metrics };
}
