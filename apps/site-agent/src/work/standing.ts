/** What this site's people say about a plan at this moment: what was offered, decided and set, read from the vault at each ask. */
import { minuteOfDay } from "../rules/hours.ts";
import type { SiteRules } from "../rules/allowed.ts";
import { findDecision, type Decision } from "../vault/decisions.ts";
import type { Membership } from "../vault/federation.ts";
import { pausedSince } from "../vault/participation.ts";
import type { OfferedPlan } from "../vault/plans.ts";
import { policyOf } from "../vault/policy.ts";
import type { Policy } from "../rules/limits.ts";

export interface PlanStanding {
  readonly offered: OfferedPlan | undefined;
  readonly decision: Decision | undefined;
  readonly paused: boolean;
  readonly rules: SiteRules;
}

/** What the caller has read already. */
export interface Seen {
  readonly paused: boolean;
  readonly policy: Promise<Policy>;
}

interface Sources {
  readonly home: string;
  readonly membership: Membership;
  readonly planOf: (digest: string) => Promise<OfferedPlan | undefined>;
  readonly now: () => number;
}

export const planStanding =
  ({ home, membership, planOf, now }: Sources) =>
  async (plan: string, seen?: Seen): Promise<PlanStanding> => {
    const [offered, decision, paused, policy] = await Promise.all([
      planOf(plan),
      findDecision(home, membership, plan),
      seen === undefined ? pausedSince(home).then((since) => since !== undefined) : seen.paused,
      seen === undefined ? policyOf(home) : seen.policy,
    ]);
    const rules = { limits: decision?.limits ?? {}, policy, minute: minuteOfDay(now()) };
    return { offered, decision, paused, rules };
  };
