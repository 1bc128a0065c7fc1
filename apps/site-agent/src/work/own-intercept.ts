/** The federation's model with an intercept of this site's own. The intercept is kept here, for the site to use; its figures may leave. */
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { keepIntercept } from "../vault/personal.ts";
import type { Agreed } from "./check-ask.ts";
import { lettingOut } from "./egress.ts";
import type { SharedModel, SiteModel } from "./site-model.ts";
import type { Workshop } from "./workshop.ts";

/** Undefined where the plan does not ask for it; null where there are too few patients, or the steward lets no figures out. */
export async function ownIntercept(
  { home }: Workshop,
  { ask, offered: { plan }, siteMetrics }: Agreed,
  model: SiteModel,
  { vector, personal }: SharedModel,
  signal: AbortSignal,
): Promise<SiteMetrics | null | undefined> {
  if (plan.metrics.compareIntercept !== true) return undefined;
  const own = await model.ownIntercept(vector, personal);
  signal.throwIfAborted();
  if (own !== null) await keepIntercept(home, ask.run, ask.checkpoint.digest, own.shift);
  return own === null || !siteMetrics ? null : lettingOut(plan, own.metrics);
}
