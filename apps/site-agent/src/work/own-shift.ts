/** How far this site's patients are from the summary that the plan carries: said only where figures of its own may leave. */
import type { SiteShift } from "@engraft/core/models/summary/shift";
import { shiftAllowed } from "@engraft/core/models/summary/shift";
import { siteSplit } from "../vault/split-key.ts";
import type { Agreed } from "./check-ask.ts";
import type { Workshop } from "./workshop.ts";

/** Undefined where it may not be said, or the plan does not ask. Throws `data-invalid` where the table cannot be used. */
export async function ownShift(workshop: Workshop, agreed: Agreed, signal: AbortSignal): Promise<SiteShift | undefined> {
  const { plan, manifest } = agreed.offered;
  if (!agreed.siteMetrics || plan.metrics.shift === undefined) return undefined;
  const { shiftHere } = await import("@engraft/engine/summary/summarise");
  const site = await siteSplit(workshop.home, { keep: true });
  const name = workshop.membership.federation.site;
  const shift = await shiftHere({ plan, manifest: { inputs: manifest.inputs }, table: agreed.data.table, site, name }, signal);
  return shiftAllowed(plan, shift) ? shift : undefined;
}
