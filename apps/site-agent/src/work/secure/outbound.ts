/** What leaves in a secure round: statements that the journal holds already, and refusals. Both are told to the site's people. */
import type { Refusal } from "@engraft/core/base/errors";
import type { SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import type { Link } from "@engraft/runtime/link";
import type { Logger } from "@engraft/runtime/log";
import type { Emit } from "../../events.ts";
import type { SiteAudit } from "../../vault/audit.ts";
import type { Journal } from "../../vault/journal.ts";

export interface OutboundParts {
  readonly link: () => Pick<Link, "send"> | undefined;
  readonly audit: SiteAudit;
  readonly journal: Journal;
  readonly log: Logger;
  readonly emit: Emit;
  readonly crash: (point: string) => void;
}

export class Outbound {
  readonly #with: OutboundParts;

  constructor(parts: OutboundParts) {
    this.#with = parts;
  }

  /** Nothing while there is no link: the coordinator sends its step again over the next one. Throws where it cannot be entered before. */
  async send(reply: SecaggReply, again: boolean): Promise<void> {
    const { audit, journal, log, emit, link, crash } = this.#with;
    crash(`send.${reply.phase}`);
    if (link() === undefined) return;
    const { run, round, attempt, phase } = reply;
    const body = phase === "masked" ? reply.body : null;
    await audit.left({ what: phase, subject: run, about: { round, attempt, again }, text: JSON.stringify(reply), body });
    link()?.send("secagg.reply", reply);
    const bytes = phase === "masked" ? reply.body.bytes : 0;
    journal.add({ what: "secagg.sent", run, round, attempt, phase, bytes, again });
    log.info({ event: "secagg.sent", run, round, attempt, phase, bytes, again }, "Sent a statement of a secure round.");
    emit({ event: "phase", run, round, attempt, phase: PHASE_WORDS[phase], bytes });
  }

  /** A step that this site does not follow. The coordinator and the site's own people learn why; nothing else leaves. */
  refuse(step: Pick<SecaggStep, "run" | "round" | "attempt" | "phase">, refusal: Refusal): void {
    const { run, round, attempt } = step;
    const { audit, journal, log, emit, link } = this.#with;
    const about = { run, round, attempt, step: step.phase, code: refusal.code };
    audit.note("declined", run, { round, attempt, kind: step.phase, code: refusal.code });
    journal.add({ what: "secagg.refused", ...about, text: refusal.text });
    log.warn({ event: "secagg.refused", ...about }, refusal.text);
    emit({ event: "step.refused", ...about, text: refusal.text });
    const text = refusal.text.slice(0, 500);
    link()?.send("secagg.reply", { run, round, attempt, phase: "refused", step: step.phase, code: refusal.code, text });
  }

  /** The coordinator awaits nothing more from this site in the attempt. */
  dropped({ run, round, attempt, code, text }: Extract<SecaggStep, { phase: "dropped" }>): void {
    const { journal, log, emit } = this.#with;
    journal.add({ what: "secagg.dropped", run, round, attempt, code, text });
    log.warn({ event: "secagg.dropped", run, round, attempt, code }, text);
    emit({ event: "phase", run, round, attempt, phase: "dropped", bytes: 0 });
  }

  /** The round's sum is open. */
  done({ run, outcome }: Extract<SecaggStep, { phase: "outcome" }>): void {
    const { round, attempt, survivors } = outcome;
    const { journal, log, emit } = this.#with;
    journal.add({ what: "secagg.done", run, round, attempt, survivors });
    log.info({ event: "secagg.done", run, round, attempt, survivors }, "The round's sum is open; what was kept for it is wiped.");
    emit({ event: "phase", run, round, attempt, phase: "done", bytes: 0 });
  }
}

const PHASE_WORDS = {
  advert: "advertised",
  deal: "dealt",
  complaint: "complained",
  answer: "answered",
  masked: "masked",
  echo: "echoed",
  release: "released",
  refused: "refused",
} as const;
