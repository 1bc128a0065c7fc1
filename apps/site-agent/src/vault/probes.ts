/** Probes that this site's people want to go with an approval. */
import { join } from "node:path";
import * as z from "zod";
import type { Digest } from "@engraft/core/base/ids";
import { probeAllowed, ProbeReport } from "@engraft/core/models/probe-report";
import { readJson, writeJson } from "./json-file.ts";
import type { OfferedPlan } from "./plans.ts";

const ProbeFile = z.strictObject({ format: z.literal("engraft.probe-report/1"), report: ProbeReport });

const pathOf = (home: string, plan: Digest): string => join(home, "probes", `${plan}.json`);

export const keepProbe = (home: string, plan: Digest, report: ProbeReport): Promise<void> =>
  writeJson(pathOf(home, plan), { format: "engraft.probe-report/1", report });

/** What may go with an approval of the plan: none where nobody asked for it to be reported, or the plan does not let it. */
export async function probeFor(
  home: string,
  { digest, plan }: OfferedPlan,
  siteMetrics: boolean,
): Promise<{ readonly probe?: ProbeReport }> {
  const report = siteMetrics ? (await readJson(pathOf(home, digest), ProbeFile))?.report : undefined;
  return report !== undefined && probeAllowed(plan, report) ? { probe: report } : {};
}
