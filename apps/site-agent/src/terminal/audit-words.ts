/** Entries of a site's audit log as lines for its people. */
import type { NumberedEntry } from "@engraft/core/audit/file";

const short = (value: unknown): string => (typeof value === "string" ? value.slice(0, 12) : "");

const size = (bytes: unknown): string =>
  typeof bytes !== "number"
    ? ""
    : bytes < 1024
      ? `${bytes} bytes`
      : bytes < 2 ** 20
        ? `${(bytes / 1024).toFixed(1)} KiB`
        : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** One line: number, time, sentence. */
export const auditWords = (entry: NumberedEntry): string =>
  `${String(entry.seq).padStart(6)}  ${new Date(entry.at).toISOString().replace("T", " ").slice(0, 19)}  ${sentence(entry)}`;

function sentence({ action, actor, subject, detail }: NumberedEntry): string {
  const place = typeof detail["round"] === "number" ? `${subject}, round ${detail["round"]}` : subject;
  switch (action) {
    case "plan.offered":
      return `The coordinator offered the plan ${detail["name"]} v${detail["version"]} (${short(subject)})${detail["withdrawn"] === true ? ", withdrawn" : ""}.`;
    case "asked":
      return `The coordinator asked to ${detail["kind"]}: ${place}, plan ${short(detail["plan"])}.`;
    case "decided":
      if (subject === "policy") return `${actor.replace(/^steward:/, "")} set the standing policy: ${detail["decision"]}.`;
      return `${actor.replace(/^steward:/, "")} ${detail["decision"]} the plan ${short(subject)}${detail["siteMetrics"] === true ? ", and lets this site's own figures out" : ""}${typeof detail["limits"] === "string" ? `, with limits: ${detail["limits"]}` : ""}.`;
    case "left": {
      const where = detail["what"] === "decision" ? `plan ${short(subject)}` : place;
      const body =
        typeof detail["bodyBytes"] === "number" ? `, with ${size(detail["bodyBytes"])} to fetch (${short(detail["bodySha256"])})` : "";
      return `LEFT   ${detail["what"]} of ${where}: ${size(detail["bytes"])} (${short(detail["sha256"])})${body}, to ${short(detail["to"])}${detail["again"] === true ? ", again" : ""}.`;
    }
    case "declined":
      return `Declined to ${detail["kind"]}: ${place} (${detail["code"]}).`;
    case "paused":
      return `This site was paused by ${actor.startsWith("steward:") ? actor.slice(8) : "its own people"}.`;
    case "resumed":
      return `This site takes part again${actor.startsWith("steward:") ? `, says ${actor.slice(8)}` : ""}.`;
    case "doctor.asked":
      return `An admin of the federation asked this site to look at itself: ${detail["allowed"] === true ? "allowed" : "not allowed, so nothing was looked at"}.`;
    case "key.given-up":
      return `This site's key gave way to another one (${short(detail["to"])}).`;
    case "key.rotated":
      return `This log begins under a new key (${short(detail["to"])}); the one before it is ${short(detail["from"])}'s.`;
    case "site.left":
      return "This site left the federation.";
    default:
      return `${actor}: ${action} ${subject}`;
  }
}
