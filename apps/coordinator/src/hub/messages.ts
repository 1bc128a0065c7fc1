/** What each message of a site leads to. Transfers and progress are dealt with before. */
import type { Message } from "@engraft/core/protocol/messages";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Logger } from "@engraft/runtime/log";
import type { Feed } from "../live/feed.ts";
import type { Approvals } from "../plans/approvals.ts";
import type { Runs } from "../rounds/runs.ts";
import type { Session } from "./session.ts";

export interface MessageTakers {
  readonly approvals: Approvals;
  readonly runs: Runs;
  readonly feed: Feed;
  readonly log: Logger;
  readonly now: () => number;
}

export function takeMessage(
  { approvals, runs, feed, log, now }: MessageTakers,
  session: Session,
  message: Message,
  envelope: Envelope,
): void {
  switch (message.type) {
    case "approval": {
      const { plan, decision } = message.value;
      approvals.record(session.site, message.value, envelope, now()).then(
        (known) => {
          if (!known) return log.warn({ site: session.site, plan }, "approval.of-unknown-plan");
          session.link.send("approval.recorded", { plan, decision });
          feed.publish({ kind: "changed", what: "plans" });
          // A site that takes its approval back is not asked any more.
          runs.presenceChanged();
        },
        // Not acknowledged, so the agent sends it again with its next link.
        (error: unknown) => log.error({ site: session.site, err: error }, "approval.lost"),
      );
      return;
    }
    case "update":
    case "evaluation":
    case "decline":
    case "secagg.reply":
      void runs.answer(session, message, envelope);
      return;
    default:
      session.link.close("bad-message", `${message.type} at the wrong time.`);
  }
}
