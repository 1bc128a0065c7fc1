/** Which plans a site is told of: those that wait for its decision, and those that were withdrawn. */
import type { MessageOf } from "@engraft/core/protocol/messages";
import type { Approvals } from "../plans/approvals.ts";
import type { Store } from "../store/store.ts";
import type { Session } from "./session.ts";

/** Older withdrawals are not told again to a site that was away. */
const WITHDRAWALS_TOLD = 50;

export class Offers {
  readonly #store: Store;
  readonly #approvals: Approvals;

  constructor(store: Store, approvals: Approvals) {
    this.#store = store;
    this.#approvals = approvals;
  }

  /** Everything that a site must know after it was away. */
  async welcome(session: Session): Promise<void> {
    const { site } = session;
    const open = await this.#store.prisma.plan.findMany({
      where: { withdrawnAt: null },
      include: { base: true },
      orderBy: { proposedAt: "asc" },
    });
    const withdrawn = await this.#store.prisma.plan.findMany({
      where: { NOT: { withdrawnAt: null } },
      include: { base: true },
      orderBy: { withdrawnAt: "desc" },
      take: WITHDRAWALS_TOLD,
    });
    for (const plan of open) if (this.#approvals.of(plan.digest, site) === undefined) session.link.send("plan.offer", offer(plan));
    for (const plan of withdrawn) session.link.send("plan.offer", offer(plan));
  }

  /** A plan was proposed or withdrawn: everybody who is online hears of it. */
  async announce(digest: string, sessions: readonly Session[]): Promise<void> {
    const plan = await this.#store.prisma.plan.findUnique({ where: { digest }, include: { base: true } });
    if (plan === null) return;
    for (const session of sessions) session.link.send("plan.offer", offer(plan));
  }
}

const offer = (plan: {
  readonly text: string;
  readonly withdrawnAt: Date | null;
  readonly base: { readonly text: string };
}): MessageOf<"plan.offer"> => ({ plan: plan.text, manifest: plan.base.text, withdrawn: plan.withdrawnAt !== null });
