/** What the page's forms do: the same functions as the commands, with the session's name as the steward. Each throws an `EngraftError` in words. */
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import { compareDirectory } from "../commands/directory.ts";
import { approve, refusePlan } from "../commands/decide.ts";
import { limitsFrom } from "../commands/limit-flags.ts";
import type { Policy } from "../rules/limits.ts";
import type { Membership } from "../vault/federation.ts";
import { ownDirectory } from "../vault/own-directory.ts";
import { pausedBy, pauseSite, resumeSite } from "../vault/participation.ts";
import { resolvePlan } from "../vault/plans.ts";
import { savePolicy } from "../vault/policy.ts";
import type { Reviews } from "./reviews.ts";
import type { Entered } from "./views/answer.tsx";

interface Acting {
  readonly home: string;
  readonly membership: Membership;
  readonly reviews: Reviews;
  readonly now: () => number;
  readonly steward: string;
}

const limitsEntered = ({ from = "", to = "", threads = "", maxRounds = "", minSites = "" }: Entered) =>
  limitsFrom({ hours: from === "" && to === "" ? "" : `${from}-${to}`, threads, maxRounds, minSites });

export async function decide({ home, membership, reviews, now, steward }: Acting, entered: Entered): Promise<void> {
  const { plan = "", answer, reason = "", data, siteMetrics } = entered;
  const by = { home, membership, plan, steward, at: now() };
  if (answer === "refuse") {
    if (reason.trim() === "") throw new EngraftError("bad-input", "Say why in a sentence; the plan's authors read it.");
    await refusePlan({ ...by, reason });
  } else if (answer === "as-is" || answer === "limits") {
    const limits = answer === "limits" ? limitsEntered(entered) : {};
    if (answer === "limits" && Object.keys(limits).length === 0)
      throw new EngraftError("bad-input", 'Enter at least one limit, or choose "Approve as it is".');
    await approve({ ...by, data, limits, siteMetrics: siteMetrics === "on", tryPlan: reviews.tryPlan });
  } else throw new EngraftError("bad-input", "Choose one of the answers.");
}

export async function compare({ home, membership, now, steward }: Acting, { plan = "", heard = "" }: Entered): Promise<void> {
  const offered = await resolvePlan(home, plan);
  const directory = ownDirectory(membership, offered.plan);
  if (isRefusal(directory)) throw new EngraftError(directory.code, directory.text);
  await compareDirectory(home, directory, heard, steward, now());
}

export async function participate({ home, now, steward }: Acting, { taking }: Entered): Promise<void> {
  if (taking === "on") await resumeSite(home, now(), steward);
  else if (taking !== "off") throw new EngraftError("bad-input", "Say on or off.");
  else if ((await pausedBy(home)) === undefined) await pauseSite(home, now(), steward);
}

export async function setPolicy({ home, now, steward }: Acting, entered: Entered): Promise<void> {
  const policy: Policy = {
    ...limitsEntered(entered),
    headOnly: entered["headOnly"] === "on",
    secureOnly: entered["secureOnly"] === "on",
    ownFigures: entered["keepFigures"] !== "on",
  };
  await savePolicy(home, { policy, steward, at: now() });
}
