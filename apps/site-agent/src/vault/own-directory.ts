/** A secure plan's directory, as this site sees it: sound, and with this site in it under its own key. */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import { pinnedKey, type Directory } from "@engraft/core/secagg/directory";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import type { Membership } from "./federation.ts";

/** `directory-wrong` names what is wrong. */
export function ownDirectory({ identity, federation }: Membership, plan: Plan): Directory | Refusal {
  const directory = directoryOfPlan(plan);
  if (isRefusal(directory)) return directory;
  return pinnedKey(directory, federation.site) === identity.publicKey
    ? directory
    : refuse("directory-wrong", "This site is not in the plan's directory under its own key. Do not approve such a plan; tell the admin.");
}
