/** `leave`: this site takes part no more. A signed word tells the coordinator; then the keys here are removed (SPEC.md, J5). */
import { EngraftError } from "@engraft/core/base/errors";
import { Left, MEMBERSHIP_TYPES } from "@engraft/core/protocol/membership";
import { crashPoint } from "@engraft/runtime/crash-point";
import { takeLock } from "@engraft/runtime/lock";
import { tellMembership } from "../link/membership.ts";
import { SiteAudit } from "../vault/audit.ts";
import { requireMembership } from "../vault/federation.ts";
import { findLeaving, forgetLeave, markLeft, removeKeys, signLeave } from "../vault/leaving.ts";
import type { AddCommand } from "./command.ts";

interface LeaveOptions {
  readonly home: string;
  readonly ca: string | undefined;
  /** The site's name, as its people type it. */
  readonly confirm: string;
  readonly now: () => number;
}

/** Throws `locked` while the agent runs, `bad-input` without the name, and what the coordinator refuses; then nothing is removed. */
export async function leave({ home, ca, confirm, now }: LeaveOptions): Promise<{ readonly site: string; readonly leftAt: number }> {
  const lock = await takeLock(home, "site agent");
  try {
    const membership = await requireMembership(home);
    const { identity, federation } = membership;
    const { site } = federation;
    if (confirm.trim() !== site)
      throw new EngraftError(
        "bad-input",
        `Leaving cannot be undone: its name and key are never used again. Confirm with "engraft-site leave --confirm ${site}".`,
      );
    const word = await signLeave(home, membership, now());
    const body = JSON.stringify(word);
    const audit = await SiteAudit.open(home, membership, now);
    try {
      await audit.left({ what: "leave", subject: site, about: {}, text: body });
      const type = MEMBERSHIP_TYPES.left;
      const answer = await tellMembership({ federation, ca, path: "/leave", body, type, schema: Left, key: identity.publicKey });
      if (!answer.ok) {
        await forgetLeave(home);
        throw new EngraftError(answer.code, `${answer.text} Nothing was removed here.`);
      }
      const leftAt = answer.value.at;
      await markLeft(home, word, leftAt);
      crashPoint("leave.recorded");
      await audit.add({ actor: `site:${site}`, action: "site.left", subject: site, detail: { at: leftAt } });
      return { site, leftAt };
    } finally {
      // The key's last signature: over the end of its log.
      await audit.close();
      if (typeof (await findLeaving(home))?.leftAt === "number") await removeKeys(home);
    }
  } finally {
    await lock.release();
  }
}

export const addLeave: AddCommand = (program, run) => {
  program
    .command("leave")
    .description(
      "Leave the federation for good: the coordinator is told by a signed word, then this site's keys are removed; the agent must be stopped",
    )
    .option("--confirm <site>", "this site's name: leaving cannot be undone")
    .option("--ca <file>", "trust this certificate authority too (PEM)")
    .action(
      run(async ({ config, print, now }, { confirm = "" }: { readonly confirm?: string }) => {
        const left = await leave({ home: config.home, ca: config.ca, confirm, now });
        print(
          { ...left },
          `${left.site} has left the federation. Its keys are removed here; its signed word and its audit log stay in ${config.home}. What it contributed before cannot be taken back out of models that were made.`,
        );
      }),
    );
};
