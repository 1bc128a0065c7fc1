/** Whether this site's own people let it approve a plan, or answer an ask: their standing policy, and the limits of an approval. Pure. */
import { refuse, type Refusal } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import type { Ask } from "@engraft/core/protocol/messages";
import { hoursText, within } from "./hours.ts";
import { minSitesOf, type Limits, type Policy } from "./limits.ts";

/** Why the sum of a plan can never hold so many sites; undefined where it can. */
function tooSmallASum({ aggregation }: Plan, minSites: number): string | undefined {
  if (minSites === 0) return undefined;
  if (aggregation.method === "plain") return `it adds updates up in plain, and a secure sum of at least ${minSites} sites is wanted`;
  const sites = aggregation.directory.length;
  return sites < minSites ? `only ${sites} sites are in its directory, and at least ${minSites} must be in a sum` : undefined;
}

/** Every point in which a plan breaks the policy, as half sentences about the plan. */
export function planBreaks(policy: Policy, plan: Plan): readonly string[] {
  const sum = tooSmallASum(plan, policy.minSites ?? 0);
  return [
    ...(policy.headOnly && plan.training.trainable.part !== "head" ? ["it trains more than the head"] : []),
    ...(policy.secureOnly && plan.aggregation.method === "plain" ? ["it adds updates up in plain, where the coordinator reads each"] : []),
    ...(sum === undefined ? [] : [sum]),
  ];
}

/** `site-policy` where the plan breaks the policy. */
export function policyRefuses(policy: Policy, plan: Plan): Refusal | undefined {
  const breaks = planBreaks(policy, plan);
  if (breaks.length === 0) return undefined;
  return refuse(
    "site-policy",
    `Plan ${plan.name} ${plan.version} breaks this site's standing policy: ${breaks.join("; ")}. Only the site's own people can change the policy.`,
  );
}

/** `site-limits` where a limit can never be met under the plan: whoever sets it should hear it at once. */
export function limitsRefuse({ minSites = 0 }: Limits, plan: Plan): Refusal | undefined {
  const sum = tooSmallASum(plan, minSites);
  return sum === undefined ? undefined : refuse("site-limits", `The limit can never be met by plan ${plan.name} ${plan.version}: ${sum}.`);
}

export interface SiteRules {
  readonly limits: Limits;
  readonly policy: Policy;
  /** Of the day, by the site's clock on the wall. */
  readonly minute: number;
}

/** Why the ask may not be answered now; undefined where it may. `site-policy` or `site-limits`. */
export function askRefused({ kind, round }: Pick<Ask, "kind" | "round">, plan: Plan, rules: SiteRules): Refusal | undefined {
  const { limits, policy, minute } = rules;
  const broken = policyRefuses(policy, plan);
  if (broken !== undefined) return broken;
  const sum = tooSmallASum(plan, minSitesOf(limits, policy));
  if (sum !== undefined) return refuse("site-limits", `This site's steward has set a limit that the plan cannot meet: ${sum}.`);
  for (const hours of [policy.hours, limits.hours])
    if (hours !== undefined && !within(hours, minute))
      return refuse(
        "site-limits",
        `This site works from ${hoursText(hours)} by its own clock. It waits for that, and answers when it is asked then.`,
      );
  for (const last of [policy.maxRounds, limits.maxRounds])
    if (last !== undefined && kind === "train" && round > last)
      return refuse(
        "site-limits",
        `This site takes part in rounds up to ${last} of a run, and this is round ${round}. The run goes on without it.`,
      );
  return undefined;
}
