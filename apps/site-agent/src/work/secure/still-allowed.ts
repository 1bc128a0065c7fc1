/** Whether the site's people still let it go on in an attempt. The hours are asked about before training alone: what follows takes seconds. Pure. */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Directory } from "@engraft/core/secagg/directory";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import { policyRefuses } from "../../rules/allowed.ts";
import { minSitesOf } from "../../rules/limits.ts";
import type { OfferedPlan } from "../../vault/plans.ts";
import type { PlanStanding } from "../standing.ts";

/** The plan, and its directory with the least number of sites in a sum that this site asks for. */
export function stillAllowed({
  offered,
  decision,
  paused,
  rules,
}: PlanStanding): { readonly ok: true; readonly offered: OfferedPlan; readonly directory: Directory } | Refusal {
  if (paused) return refuse("paused", "This site is paused by its own people. Only they can resume it.");
  if (offered === undefined) return refuse("plan-unknown", "The plan of this attempt is not here.");
  if (decision?.approval.decision !== "approved") return refuse("plan-refused", "This site's steward no longer approves the plan.");
  const broken = policyRefuses(rules.policy, offered.plan);
  if (broken !== undefined) return broken;
  const directory = directoryOfPlan(offered.plan);
  if (isRefusal(directory)) return directory;
  // Of what the numbers say only this is a bound, and a higher one changes no other site's arithmetic.
  const minCohort = Math.max(directory.numbers.minCohort, minSitesOf(rules.limits, rules.policy));
  return { ok: true, offered, directory: { ...directory, numbers: { ...directory.numbers, minCohort } } };
}
