/** Which steps of a run the audit log names. The events themselves are the full record. */
import type { AuditEntry } from "@engraft/core/audit/chain";
import { isRefusal, type Code, type Refusal } from "@engraft/core/base/errors";
import type { Command } from "@engraft/core/rounds/decide";
import type { RunEvent } from "@engraft/core/rounds/events";

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

/** What a site sent. */
export type Answer = Extract<Command, { do: "update" | "evaluation" | "decline" }>;

export const isAnswer = (command: Command): command is Answer =>
  command.do === "update" || command.do === "evaluation" || command.do === "decline";

export interface Refused {
  readonly code: Code;
  readonly text: string;
}

/** Why a site's answer does not count; undefined where it does. A content fault appears as an event that drops the site. */
export function refusedAnswer(command: Answer, outcome: readonly RunEvent[] | Refusal): Refused | undefined {
  if (isRefusal(outcome)) return { code: outcome.code, text: outcome.text };
  if (command.do === "decline") return undefined;
  const against = outcome.find(
    (event) => (event.type === "site.dropped" || event.type === "evaluation.missed") && event.site === command.site,
  );
  return against?.type === "site.dropped" || against?.type === "evaluation.missed" ? { code: against.code, text: against.text } : undefined;
}

export const roundOf = (command: Answer): number =>
  command.do === "update" ? command.update.round : command.do === "evaluation" ? command.evaluation.round : command.decline.round;

export const kindOf = (command: Answer): "train" | "evaluate" =>
  command.do === "update" ? "train" : command.do === "evaluation" ? "evaluate" : command.decline.kind;

export const refusalAudit = (run: string, command: Answer, refused: Refused): AuditEntry => ({
  at: command.at,
  actor: `site:${command.site}`,
  action: "update.refused",
  subject: run,
  detail: { round: roundOf(command), kind: kindOf(command), code: refused.code, text: refused.text },
});
