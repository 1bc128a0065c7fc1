/** What this site says of itself on its link, and its answer to an admin who asks it to look at itself (SPEC.md, J6 and J7). */
import { DOCTOR_CHECKS, isDoctorCode, type DoctorCheck } from "@engraft/core/protocol/doctor-codes";
import {
  SITE_MESSAGES_FROM,
  type DoctorAnswer,
  type DoctorAsk,
  type DoctorFinding,
  type SiteAbout,
  type Way,
} from "@engraft/core/protocol/site-messages";
import { sealStatement } from "@engraft/core/protocol/session";
import { lookAtAll, type Check, type Looked } from "@engraft/runtime/doctor";
import type { Link } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import { checksOf } from "../doctor/checks.ts";
import { proxyFor } from "@engraft/runtime/proxy";
import type { SiteAudit } from "../vault/audit.ts";
import type { Membership } from "../vault/federation.ts";
import { doctorAllowedSince } from "../vault/remote-doctor.ts";

export interface SiteWordOptions {
  readonly home: string;
  readonly membership: Membership;
  readonly audit: Pick<SiteAudit, "add" | "left">;
  readonly log: Logger;
  readonly now: () => number;
  /** The hospital's own certificate authority, where there is one. */
  readonly ca: string | undefined;
  /** Aborted when the agent's people end it. */
  readonly signal: AbortSignal;
  /** What is looked at; all of doctor's own checks by default. */
  readonly checks?: readonly Check[];
}

type Speaking = Pick<Link, "open" | "send" | "sendStatement">;

export class SiteWord {
  readonly #with: SiteWordOptions;
  #link: Speaking | undefined;
  #way: Way = "direct";
  #paused = false;
  #allowed = false;
  #said = "";
  #looking = false;

  constructor(options: SiteWordOptions) {
    this.#with = options;
    options.signal.addEventListener("abort", () => this.#say(true), { once: true });
  }

  /** A new link; an older coordinator is told nothing. */
  connected(link: Speaking, protocol: number, url: string): void {
    this.#link = protocol >= SITE_MESSAGES_FROM ? link : undefined;
    this.#way = wayTo(url);
    this.#said = "";
    this.#say();
  }

  /** Says what has changed, if anything has. */
  async look(paused: boolean): Promise<void> {
    this.#paused = paused;
    this.#allowed = (await doctorAllowedSince(this.#with.home)) !== undefined;
    this.#say();
  }

  #say(stopping = false): void {
    if (this.#link?.open !== true) return;
    const about: SiteAbout = {
      paused: this.#paused,
      stopping,
      way: this.#way,
      ownAuthority: this.#with.ca !== undefined,
      doctor: this.#allowed,
    };
    const text = JSON.stringify(about);
    if (text === this.#said) return;
    this.#said = text;
    this.#link.send("site.about", about);
  }

  /** Beside the asks of rounds, which do not wait for it. */
  ask(ask: DoctorAsk): void {
    void this.asked(ask).catch((error: unknown) => this.#with.log.error({ event: "doctor.failed", err: error }, "The look failed."));
  }

  /** Answers where it can; nothing is looked at unless the steward has allowed it. */
  async asked({ id }: DoctorAsk): Promise<void> {
    const { home, ca, audit, log, now } = this.#with;
    // Read anew: what the steward forbade a moment ago is forbidden.
    const allowed = (await doctorAllowedSince(home)) !== undefined;
    await audit.add({ actor: "coordinator", action: "doctor.asked", subject: id, detail: { allowed } });
    if (!allowed) return this.#answer({ id, at: this.#with.now(), outcome: "not-allowed" });
    if (this.#looking) return this.#answer({ id, at: this.#with.now(), outcome: "busy" });
    this.#looking = true;
    try {
      const findings = (await lookAtAll(this.#with.checks ?? checksOf({ home, ca, invite: undefined, now }))).map(inCodes);
      await this.#answer({ id, at: this.#with.now(), outcome: "looked", findings: findings.slice(0, 100) });
    } finally {
      this.#looking = false;
      log.info({ event: "doctor.looked" }, "Looked at this site, as an admin of the federation asked.");
    }
  }

  async #answer(answer: DoctorAnswer): Promise<void> {
    const { membership, audit } = this.#with;
    const scopes = { federation: membership.federation.coordinator, session: undefined };
    const statement = sealStatement(membership.identity, scopes, "doctor.answer", answer);
    const about = { outcome: answer.outcome, findings: answer.outcome === "looked" ? answer.findings.length : 0 };
    await audit.left({ what: "doctor", subject: answer.id, about, text: JSON.stringify(statement) });
    if (this.#link?.open === true) this.#link.sendStatement(statement);
  }
}

const isCheck = (name: string): name is DoctorCheck => (DOCTOR_CHECKS as readonly string[]).includes(name);

/** J7: the names of check and code alone. What has no name in the table is `other`. */
export function inCodes({ check, level, code }: Looked): DoctorFinding {
  return { check: isCheck(check) ? check : "agent", level, code: isDoctorCode(code) ? code : "other" };
}

/** How the coordinator is reached, without any address. */
export function wayTo(url: string): Way {
  const proxy = proxyFor(url);
  if (proxy === undefined) return "direct";
  if (proxy.protocol === "https:") return "tls-proxy";
  return proxy.username === "" ? "proxy" : "proxy-with-password";
}
