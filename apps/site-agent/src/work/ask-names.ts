/** How asks are told apart, and which refusals of an answer pass by themselves. */
import type { Code } from "@engraft/core/base/errors";
import type { Ask } from "@engraft/core/protocol/messages";

/** Faults that pass by themselves: the answer stays, and goes out when it is asked for again. */
export const PASSING: ReadonlySet<Code> = new Set([
  "link-lost",
  "blob-missing",
  "digest-mismatch",
  "disk-full",
  "disk-fault",
  "database-unavailable",
]);

/** What ends work that is under way, where the site's own people say it meanwhile or their hours are over. */
export const ENDS_WORK: ReadonlySet<Code> = new Set(["site-limits", "site-policy", "plan-refused"]);

export const about = (ask: Pick<Ask, "run" | "round" | "kind">) => ({ run: ask.run, round: ask.round, kind: ask.kind });

/** The same in all attempts of a secure round: what is trained for one of them serves them all. */
export const idOf = (ask: Ask): string => `${ask.run} ${ask.round} ${ask.kind} ${ask.plan} ${ask.checkpoint.digest}`;
