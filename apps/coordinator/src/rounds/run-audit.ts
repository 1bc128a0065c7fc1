/** Which steps of a run the audit log names. The events themselves are the full record. */
import type { AuditEntry } from "@engraft/core/audit/chain";
import { isRefusal, type Code, type Refusal } from "@engraft/core/base/errors";
import type { RunEvent } from "@engraft/core/rounds/events";
import { kindOf, roundOf, type Answer } from "./answer.ts";

export function eventAudit(run: string, event: RunEvent): AuditEntry | undefined {
  const entry = (actor: string, action: string, detail: AuditEntry["detail"] = {}): AuditEntry => ({
    at: event.at,
    actor,
    action,
    subject: run,
    detail,
  });
  switch (event.type) {
    case "run.created":
      return entry(event.by, "run.started", { plan: event.plan, sites: event.sites.length });
    case "checkpoint.written":
      return entry("coordinator", "round.combined", { round: event.round, checkpoint: event.checkpoint.digest });
    case "site.dropped":
      return entry("coordinator", "site.dropped", { round: event.round, site: event.site, code: event.code, text: event.text });
    case "sum.opened":
      return entry("coordinator", "sum.opened", {
        round: event.round,
        attempt: event.attempt,
        sum: event.sum.digest,
        sites: event.sites.length,
      });
    case "attempt.failed":
      return entry("coordinator", "attempt.failed", { round: event.round, attempt: event.attempt, code: event.code, text: event.text });
    case "round.failed":
      return entry("coordinator", "round.failed", { round: event.round, code: event.code, text: event.text });
    case "opening.failed":
      return entry("coordinator", "opening.failed", { round: event.round, code: event.code, text: event.text, blamed: event.blamed });
    case "deadline.moved":
      return entry(event.by, "deadline.moved", { round: event.round, deadline: new Date(event.deadline).toISOString() });
    case "site.left-out":
    case "site.let-in":
      return entry(event.by, event.type, { site: event.site });
    case "run.paused":
      return entry(event.by, "run.paused", { text: event.text });
    case "run.resumed":
      return entry(event.by, "run.resumed");
    case "run.finished":
      return entry("coordinator", "run.finished");
    case "run.stopped":
      return entry(event.by, "run.stopped");
    case "run.failed":
      return entry("coordinator", "run.failed", { reason: event.code, text: event.text });
    default:
      return undefined;
  }
}

export interface Refused {
  readonly code: Code;
  readonly text: string;
}

/** Why a site's answer does not count; undefined where it does. A content fault appears as an event that drops the site. */
export function refusedAnswer(command: Answer, outcome: readonly RunEvent[] | Refusal): Refused | undefined {
  if (isRefusal(outcome)) return { code: outcome.code, text: outcome.text };
  // A site's own no is no fault of what it sent.
  if (command.do === "decline" || (command.do === "reply" && command.reply.phase === "refused")) return undefined;
  const against = outcome.find(
    (event) => (event.type === "site.dropped" || event.type === "evaluation.missed") && event.site === command.site,
  );
  return against?.type === "site.dropped" || against?.type === "evaluation.missed" ? { code: against.code, text: against.text } : undefined;
}

export const refusalAudit = (run: string, command: Answer, refused: Refused): AuditEntry => ({
  at: command.at,
  actor: `site:${command.site}`,
  action: "update.refused",
  subject: run,
  detail: { round: roundOf(command), kind: kindOf(command), code: refused.code, text: refused.text },
});
