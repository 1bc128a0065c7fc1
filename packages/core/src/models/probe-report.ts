/** What a site may say, with its steward's approval, of a transfer probe that it made before the run (engine, probe/). */
import * as z from "zod";
import { Estimate } from "./metrics.ts";
import { DEPTHS } from "./probe-depth.ts";
import { MetricName, type Plan } from "./plan.ts";

export const ProbeReport = z.strictObject({
  metric: MetricName,
  /** The base unchanged, a head on its frozen features, and the same architecture from nothing; null where it cannot be said. */
  base: Estimate.nullable(),
  head: Estimate.nullable(),
  scratch: Estimate.nullable(),
  /** Goodness of the head less that of the architecture from nothing, on the same patients. */
  over: Estimate.nullable(),
  depth: z.enum(DEPTHS),
});
export type ProbeReport = z.infer<typeof ProbeReport>;

/** Figures of single sites leave only where the plan asks for them, and only those that it names. */
export const probeAllowed = ({ metrics }: Pick<Plan, "metrics">, report: ProbeReport): boolean =>
  metrics.perSite && metrics.names.includes(report.metric);
