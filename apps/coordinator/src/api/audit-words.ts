/** Audit entries as sentences for people. */
import { isCode } from "@engraft/core/base/errors";
import type { AuditRow } from "../store/store.ts";
import type { Audit } from "../store/generated/client.ts";
import type { AuditView } from "./views.ts";

export function auditView(row: AuditRow): AuditView {
  const { code, round } = row.detail;
  const { seq, at, actor, action, subject } = row;
  return {
    seq,
    at,
    actor,
    action,
    subject,
    round: typeof round === "number" ? round : null,
    code: typeof code === "string" && isCode(code) ? code : null,
    text: sentence(row),
  };
}

export const storedAuditView = (row: Audit): AuditView =>
  auditView({
    seq: Number(row.seq),
    at: row.at.getTime(),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    detail: row.detail as AuditRow["detail"],
  });

function sentence(row: AuditRow): string {
  const { action, actor, subject, detail } = row;
  const who = actor.startsWith("site:") ? actor.slice("site:".length) : actor;
  switch (action) {
    case "invite.created":
      return `${who} invited ${subject}.`;
    case "invite.revoked":
      return `${who} withdrew the invite of ${subject}.`;
    case "enrolment.refused":
      return `An enrolment as ${subject} was refused (${detail["code"]}).`;
    case "site.joined":
      return `${subject} joined. Compare by phone: ${detail["words"]}.`;
    case "base.imported":
      return `${who} imported the base ${detail["name"]} ${detail["version"]}.`;
    case "plan.proposed":
      return `${who} proposed the plan ${detail["name"]} v${detail["version"]}.`;
    case "plan.withdrawn":
      return `${who} withdrew the plan ${detail["name"]} v${detail["version"]}.`;
    case "plan.approved":
      return `${detail["steward"]} at ${who} approved a plan.`;
    case "plan.refused":
      return `${detail["steward"]} at ${who} refused a plan.`;
    case "run.started":
      return `${who} started ${subject} with ${detail["sites"]} sites.`;
    case "round.combined":
      return `${subject}: round ${detail["round"]} ended with a checkpoint.`;
    case "site.dropped":
      return `${subject}, round ${detail["round"]}: ${detail["site"]} dropped out. ${detail["text"]}`;
    case "update.refused":
      return `${subject}, round ${detail["round"]}: an answer of ${who} was refused. ${detail["text"]}`;
    case "deadline.moved":
      return `${who} moved the deadline of ${subject}, round ${detail["round"]}, to ${detail["deadline"]}.`;
    case "site.left-out":
      return `${who} left ${detail["site"]} out of ${subject}.`;
    case "site.let-in":
      return `${who} let ${detail["site"]} take part in ${subject} again.`;
    case "run.paused":
      return `${who} paused ${subject}. ${detail["text"]}`;
    case "run.resumed":
      return `${who} resumed ${subject}.`;
    case "sum.opened":
      return `${subject}, round ${detail["round"]}: the sum of ${detail["sites"]} sites was opened.`;
    case "attempt.failed":
      return `${subject}, round ${detail["round"]}: attempt ${detail["attempt"]} ended without a sum. ${detail["text"]}`;
    case "round.failed":
      return `${subject}: round ${detail["round"]} ended without a sum. ${detail["text"]}`;
    case "opening.failed":
      return `${subject}, round ${detail["round"]}: the sum could not be opened. ${detail["text"]}${typeof detail["blamed"] === "string" ? ` Proved against ${detail["blamed"]}.` : ""}`;
    case "release.released":
      return `${who} released ${subject} as ${detail["name"]} ${detail["version"]}.`;
    case "release.withdrawn":
      return `${who} withdrew the release ${subject}. ${detail["why"]}`;
    case "run.finished":
      return `${subject} finished.`;
    case "run.stopped":
      return `${who} stopped ${subject}.`;
    case "run.failed":
      return `${subject} failed. ${detail["text"]}`;
    case "release.made":
      return `The model of ${subject} is ready.`;
    case "blobs.collected":
      return `${who} let go of ${detail["blobs"]} files that nothing refers to (${(Number(detail["bytes"]) / 2 ** 20).toFixed(1)} MiB).`;
    case "user.created":
      return `${who} made an account for ${subject} (${detail["role"]}).`;
    case "admin.created":
      return `The first admin, ${subject}, was set up.`;
    default:
      return accessSentence(who, row) ?? action;
  }
}

function accessSentence(who: string, { action, subject, detail }: AuditRow): string | undefined {
  switch (action) {
    case "token.created":
      return `${who} made a token for ${subject} (${detail["scopes"]}), good until ${detail["expires"]}.`;
    case "token.revoked":
      return `${who} revoked a token of ${subject}.`;
    case "audit.shortened":
      return `Audit entries up to ${detail["through"]} were removed, being older than ${detail["keepDays"]} days.`;
    default:
      return undefined;
  }
}
