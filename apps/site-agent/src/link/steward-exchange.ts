/** Plans in, decisions out: what passes between the coordinator and the site's steward, by way of the vault. */
import type { MessageOf } from "@engraft/core/protocol/messages";
import type { Link } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import type { Emit } from "../events.ts";
import { limitsInWords, policyInWords, type SignedPolicy } from "../rules/limits.ts";
import type { SiteAudit } from "../vault/audit.ts";
import { findDecision, listDecisions, markRecorded, type Decision } from "../vault/decisions.ts";
import type { Membership } from "../vault/federation.ts";
import type { Journal } from "../vault/journal.ts";
import { findPlan, savePlan, understandOffer, type OfferedPlan } from "../vault/plans.ts";

export interface StewardExchangeOptions {
  readonly home: string;
  readonly membership: Membership;
  readonly audit: SiteAudit;
  readonly journal: Journal;
  readonly log: Logger;
  readonly emit: Emit;
  readonly now: () => number;
}

export class StewardExchange {
  readonly #with: StewardExchangeOptions;
  /** Plans as they are in the vault; only this process writes them. */
  readonly #plans = new Map<string, OfferedPlan>();
  #link: Pick<Link, "open" | "sendStatement"> | undefined;
  /** Signatures of the decisions sent on this link. */
  #sent = new Set<string>();

  constructor(options: StewardExchangeOptions) {
    this.#with = options;
  }

  /** A new link: what is not recorded goes out again. */
  connected(link: Pick<Link, "open" | "sendStatement">): void {
    this.#link = link;
    this.#sent = new Set();
  }

  /** Sends every decision that the coordinator has not said it keeps; other processes of this site make them. */
  async sendUnrecorded(): Promise<void> {
    if (this.#link?.open !== true) return;
    const { home, membership } = this.#with;
    for (const decision of await listDecisions(home, membership)) if (!decision.recorded) await this.#send(decision);
  }

  async offered(offer: MessageOf<"plan.offer">): Promise<void> {
    const { home, membership, audit, journal, log, emit, now } = this.#with;
    const understood = understandOffer(offer);
    if (!understood.ok) {
      log.warn({ event: "plan.unusable", code: understood.code }, understood.text);
      emit({ event: "plan.unusable", code: understood.code, text: understood.text });
      return;
    }
    const { digest, plan, withdrawn } = understood.offered;
    const which = { plan: digest, name: plan.name, version: plan.version, withdrawn };
    const { news } = await savePlan(home, understood.offered, now());
    this.#plans.delete(digest);
    if (news) journal.add({ what: "plan.offered", ...which });
    if (news) audit.note("plan.offered", digest, { name: plan.name, version: plan.version, withdrawn }, "coordinator");
    log.info({ event: "plan.offered", ...which }, "A plan was offered.");
    emit({ event: "plan.offered", ...which });
    // Offered although decided: the coordinator does not know the decision (any more).
    const decision = withdrawn ? undefined : await findDecision(home, membership, digest);
    if (decision !== undefined) await this.#send(decision);
  }

  async recorded({ plan, decision }: MessageOf<"approval.recorded">): Promise<void> {
    const { home, membership, journal, log, emit } = this.#with;
    const known = await findDecision(home, membership, plan);
    // Where the steward has decided anew meanwhile, the answer is to an older statement.
    if (known !== undefined && this.#sent.has(known.statement.sig)) await markRecorded(home, membership, plan, decision);
    journal.add({ what: "decision.recorded", plan, decision });
    log.info({ event: "approval.recorded", plan, decision }, "The coordinator keeps the decision.");
    emit({ event: "approval.recorded", plan, decision });
  }

  /** The standing policy, entered once however often it is read. */
  notePolicy(signed: SignedPolicy): Promise<void> {
    const words = policyInWords(signed.policy).join("; ");
    return this.#with.audit.decided(signed.steward, "policy", JSON.stringify(signed), { decision: words === "" ? "none" : words });
  }

  async plan(digest: string): Promise<OfferedPlan | undefined> {
    const known = this.#plans.get(digest) ?? (await findPlan(this.#with.home, digest));
    if (known !== undefined) this.#plans.set(digest, known);
    return known;
  }

  async #send({ statement, approval, limits }: Decision): Promise<void> {
    const link = this.#link;
    if (link?.open !== true || this.#sent.has(statement.sig)) return;
    const { audit, membership, log: warned } = this.#with;
    // A link takes the present key's word only. What the coordinator has kept before stays; what it has not is decided anew.
    if (statement.key !== membership.identity.publicKey) {
      this.#sent.add(statement.sig);
      warned.warn({ event: "decision.of-former-key", plan: approval.plan }, "A decision under a former key is not sent: decide again.");
      return;
    }
    const { plan, decision, steward, siteMetrics } = approval;
    const limited = limitsInWords(limits);
    const text = JSON.stringify(statement);
    const sent = this.#sent;
    sent.add(statement.sig);
    try {
      await audit.decided(steward, plan, text, { decision, siteMetrics, ...(limited.length === 0 ? {} : { limits: limited.join("; ") }) });
      await audit.left({ what: "decision", subject: plan, about: {}, text });
    } catch (error) {
      sent.delete(statement.sig);
      throw error;
    }
    link.sendStatement(statement);
    const { journal, log, emit } = this.#with;
    journal.add({ what: "decision.sent", plan, decision });
    log.info({ event: "approval.sent", plan, decision }, "Sent the steward's decision.");
    emit({ event: "approval.sent", plan, decision });
  }
}
