/** Which signed decisions have served a run already: under secure aggregation each admits one (SPEC.md, G9). */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { secureOf } from "@engraft/core/secagg/of-plan";
import type { Approvals } from "../plans/approvals.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { Plan as PlanRow } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";

/** Run by statement digest. */
export async function usedApprovals(store: Store, plan: string): Promise<Map<string, string>> {
  const rows = await store.prisma.run.findMany({ where: { planDigest: plan }, select: { id: true } });
  const used = new Map<string, string>();
  for (const [run, created] of await store.firstEvents(rows.map(({ id }) => id)))
    if (created.type === "run.created") for (const { statement } of created.approvals) used.set(statement, run);
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
  await mustBeCurrent(store, directory ?? []);
  const used = directory === undefined ? new Map<string, string>() : await usedApprovals(store, row.digest);
  return approvals.approvedSites(row.digest).flatMap((site) => {
    const statement = approvals.of(row.digest, site)?.statement as Digest;
    const listed = directory === undefined || directory.some((entry) => entry.site === site);
    return listed && !used.has(statement) ? [{ site, statement }] : [];
  });
}

/** J2: a directory names keys, and those who compared it compared these. Throws `directory-wrong` where a site has another one by now. */
async function mustBeCurrent(store: Store, directory: readonly { readonly site: SiteName; readonly publicKey: string }[]): Promise<void> {
  const rows = await store.prisma.siteKey.findMany({ where: { key: { in: directory.map(({ publicKey }) => publicKey) } } });
  if (rows.length === 0) return;
  throw new EngraftError("directory-wrong", keysReplaced(rows.map(({ site }) => site)));
}

/** Why a plan cannot be run whose directory names these sites by a key that they have replaced. */
export const keysReplaced = (sites: readonly string[]): string =>
  `${sites.join(", ")} changed its key since this plan was made, and the plan's directory names the old one. Propose a new version of the plan; the stewards of all its sites compare its 16 words again and approve it.`;
