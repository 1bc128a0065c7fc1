/** What each site's steward has decided about each plan. All decisions are kept; the last one holds. */
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Approval } from "@engraft/core/protocol/messages";
import type { ApprovalView } from "../api/views.ts";
import type { Store } from "../store/store.ts";

export interface Decision {
  readonly site: SiteName;
  readonly plan: Digest;
  readonly decision: "approved" | "refused";
  readonly reason: string | null;
  readonly steward: string;
  readonly at: number;
  readonly siteMetrics: boolean;
  /** Digest of the signed statement. */
  readonly statement: string;
}

/** In memory, because every ask looks here first. */
export class Approvals {
  readonly #store: Store;
  readonly #byPlan = new Map<string, Map<string, Decision>>();
  /** Sites that left or were removed: what they decided stays, and counts for no run to come. */
  readonly #gone = new Set<string>();

  private constructor(store: Store) {
    this.#store = store;
  }

  static async load(store: Store): Promise<Approvals> {
    const approvals = new Approvals(store);
    for (const row of await store.prisma.approval.findMany({ orderBy: { seq: "asc" } })) {
      const { reason, steward, statement } = row;
      approvals.#keep({
        site: row.siteName as SiteName,
        plan: row.planDigest as Digest,
        decision: row.decision as Decision["decision"],
        reason,
        steward,
        statement,
        siteMetrics: row.siteMetrics,
        at: row.at.getTime(),
      });
    }
    for (const { name } of await store.prisma.site.findMany({ where: { NOT: { goneAt: null } }, select: { name: true } }))
      approvals.forget(name);
    return approvals;
  }

  forget(site: string): void {
    this.#gone.add(site);
  }

  #keep(decision: Decision): void {
    const ofPlan = this.#byPlan.get(decision.plan) ?? new Map<string, Decision>();
    this.#byPlan.set(decision.plan, ofPlan.set(decision.site, decision));
  }

  of(plan: string, site: string): Decision | undefined {
    return this.#byPlan.get(plan)?.get(site);
  }

  approvedSites(plan: string): readonly SiteName[] {
    return [...(this.#byPlan.get(plan)?.values() ?? [])]
      .filter(({ site, decision }) => decision === "approved" && !this.#gone.has(site))
      .map(({ site }) => site);
  }

  bySite(site: string): readonly Decision[] {
    return [...this.#byPlan.values()].flatMap((ofPlan) => ofPlan.get(site) ?? []);
  }

  /** Stores a steward's signed decision; the same statement twice is one. False where the plan is unknown. */
  async record(site: SiteName, approval: Approval, envelope: Envelope, now: number): Promise<boolean> {
    const text = JSON.stringify(envelope);
    const statement = sha256(text);
    if (this.of(approval.plan, site)?.statement === statement) return true;
    if ((await this.#store.prisma.plan.count({ where: { digest: approval.plan } })) === 0) return false;
    const { plan, decision, reason, steward, at, siteMetrics } = approval;
    await this.#store.write(async (tx) => {
      await tx.statement.createMany({ data: [{ digest: statement, text }], skipDuplicates: true });
      await tx.approval.create({
        data: { siteName: site, planDigest: plan, decision, reason, steward, siteMetrics, at: new Date(at), statement },
      });
      return {
        value: undefined,
        audit: [{ at: now, actor: `site:${site}`, action: `plan.${decision}`, subject: plan, detail: { steward, statement, reason } }],
      };
    });
    this.#keep({ site, plan, decision, reason, steward, at, siteMetrics, statement });
    return true;
  }

  /** Every enrolled site's standing on a plan. */
  view(plan: string, sites: readonly string[], online: ReadonlySet<string>, used: ReadonlyMap<string, string>): readonly ApprovalView[] {
    return sites.map((site) => {
      const made = this.of(plan, site);
      return {
        site,
        decision: made?.decision ?? "waiting",
        steward: made?.steward ?? null,
        reason: made?.reason ?? null,
        at: made?.at ?? null,
        online: online.has(site),
        siteMetrics: made?.siteMetrics ?? false,
        usedBy: made === undefined ? null : (used.get(made.statement) ?? null),
      };
    });
  }
}
