/** Which signed decisions have served a run already: under secure aggregation each admits one (SPEC.md, G9). */
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { secureOf } from "@engraft/core/secagg/of-plan";
import type { Approvals } from "../plans/approvals.ts";
import { storedPlan } from "../plans/plans.ts";
import type { Plan as PlanRow } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

/** Run by statement digest. */
export async function usedApprovals(store: Store, plan: string): Promise<Map<string, string>> {
  const rows = await store.prisma.run.findMany({ where: { planDigest: plan }, select: { id: true } });
  const used = new Map<string, string>();
  for (const { id } of rows) {
    const created = (await store.events(id)).find(({ event }) => event.type === "run.created")?.event;
    if (created?.type === "run.created") for (const { statement } of created.approvals) used.set(statement, id);
  }
  return used;
}

interface Allowed {
  readonly site: SiteName;
  readonly statement: Digest;
}

/** Sites that may take part, each by its signed decision. Under secure aggregation a decision serves one run only. */
export async function allowedSites(
  { store, approvals }: { readonly store: Store; readonly approvals: Approvals },
  row: PlanRow,
): Promise<readonly Allowed[]> {
  const directory = secureOf(storedPlan(row.text))?.directory;
  const used = directory === undefined ? new Map<string, string>() : await usedApprovals(store, row.digest);
  return approvals.approvedSites(row.digest).flatMap((site) => {
    const statement = approvals.of(row.digest, site)?.statement as Digest;
    const listed = directory === undefined || directory.some((entry) => entry.site === site);
    return listed && !used.has(statement) ? [{ site, statement }] : [];
  });
}
