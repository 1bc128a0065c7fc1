/** What each message of a site leads to. Transfers and progress are dealt with before. */
import type { Message } from "@engraft/core/protocol/messages";
import type { Envelope } from "@engraft/core/crypto/envelope";
import type { Logger } from "@engraft/runtime/log";
import type { Feed } from "../live/feed.ts";
import type { Approvals } from "../plans/approvals.ts";
import type { Runs } from "../rounds/runs.ts";
import type { TimingKeeper } from "../rounds/timings.ts";
import { takeDoctorAnswer } from "../sites/remote-doctor.ts";
import type { Store } from "../store/store.ts";
import type { Session } from "./session.ts";

export interface MessageTakers {
  readonly store: Store;
  readonly approvals: Approvals;
  readonly runs: Runs;
  readonly timings: TimingKeeper;
  readonly feed: Feed;
  readonly log: Logger;
  readonly now: () => number;
}

export function takeMessage(
  { store, approvals, runs, timings, feed, log, now }: MessageTakers,
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
    case "doctor.answer":
      takeDoctorAnswer({ store, now }, session.site, message.value, envelope).then(
        (kept) => void (kept && feed.publish({ kind: "changed", what: "sites" })),
        (error: unknown) => log.error({ site: session.site, err: error }, "doctor.lost"),
      );
      return;
    case "timings":
      // A picture for people: its next message holds all of it again.
      timings
        .take(session, session.site, message.value, envelope)
        .catch((error: unknown) => log.warn({ site: session.site, err: error }, "timings.lost"));
      return;
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
