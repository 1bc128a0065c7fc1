/** What sites said of their transfer probes, out of the signed approvals that hold now. */
import { Digest } from "@engraft/core/base/ids";
import { probeAllowed, ProbeReport } from "@engraft/core/models/probe-report";
import type { Plan } from "@engraft/core/models/plan";
import * as z from "zod";
import type { Store } from "../store/store.ts";
import type { Approvals } from "./approvals.ts";

const Said = z.object({ payload: z.string() });
const WithProbe = z.object({ plan: Digest, probe: ProbeReport });

export interface SiteProbe {
  readonly site: string;
  readonly report: ProbeReport;
}

export async function probesOf(
  store: Store,
  approvals: Approvals,
  digest: Digest,
  plan: Plan,
  sites: readonly string[],
): Promise<SiteProbe[]> {
  const given = sites.flatMap((site) => {
    const made = approvals.of(digest, site);
    return made?.decision === "approved" && made.siteMetrics ? [{ site, statement: made.statement }] : [];
  });
  const rows = await store.prisma.statement.findMany({ where: { digest: { in: given.map(({ statement }) => statement) } } });
  return given.flatMap(({ site, statement }) => {
    const text = rows.find((row) => row.digest === statement)?.text;
    if (text === undefined) return [];
    // Verified when it was recorded.
    const read = WithProbe.safeParse(JSON.parse(Said.parse(JSON.parse(text)).payload));
    return read.success && read.data.plan === digest && probeAllowed(plan, read.data.probe) ? [{ site, report: read.data.probe }] : [];
  });
}
