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
    case "site.key-rotated":
      return `${subject} changed its key. Compare by phone: ${detail["words"]}. Secure plans that name the old key need a new version, and their stewards compare the directory again.`;
    case "rotation.refused":
      return `A change of the key of ${subject} was refused (${detail["code"]}).`;
    case "site.left":
      return `${subject} left the federation.`;
    case "site.removed":
      return `${who} removed ${subject} from the federation.`;
    case "doctor.asked":
      return `${who} asked ${subject} to look at itself.`;
    case "doctor.answered":
      return detail["outcome"] === "looked"
        ? `${subject} looked at itself and found ${detail["problems"] === 1 ? "1 problem" : `${detail["problems"]} problems`}.`
        : `${subject} did not look at itself (${detail["outcome"]}).`;
    case "token.created":
      return `${who} made a token for ${subject} (${detail["scopes"]}), good until ${detail["expires"]}.`;
    case "token.revoked":
      return `${who} revoked a token of ${subject}.`;
    case "audit.shortened":
      return `Audit entries up to ${detail["through"]} were removed, being older than ${detail["keepDays"]} days.`;
    case "channel.made":
    case "channel.changed":
      return `${who} set the alert channel ${detail["name"]}: ${detail["causes"]}${detail["on"] === false ? " (off)" : ""}.`;
    case "channel.removed":
      return `${who} removed the alert channel ${detail["name"]}.`;
    case "share.created":
      return `${who} made a link to read ${subject}${detail["siteFigures"] === true ? " with figures by site" : ""}, good until ${detail["expires"]}.`;
    case "share.revoked":
      return `${who} revoked a link to read ${subject}.`;
    case "sessions.ended":
      return `${who} signed ${subject} out everywhere.`;
    case "password.changed":
      return `${subject} changed the password; all sessions ended.`;
    case "second-factor.on":
      return `${subject} set up a second factor.`;
    case "second-factor.off":
      return `${subject} turned the second factor off.`;
    case "second-factor.reset":
      return `${who} reset the second factor of ${subject}; all sessions ended.`;
    case "recovery-code.used":
      return `${subject} signed in with a recovery code.`;
    case "user.role":
      return `${who} made ${subject} ${detail["role"]}.`;
    case "user.disabled":
      return `${who} disabled the account of ${subject}.`;
    case "user.enabled":
      return `${who} let ${subject} sign in again.`;
    default:
      return undefined;
  }
}
