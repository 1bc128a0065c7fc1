/** A secure plan's directory, as this site sees it: sound, and with this site in it under its own key. */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import { pinnedKey, type Directory } from "@engraft/core/secagg/directory";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import { isOwnKey, type Membership } from "./federation.ts";

/** `directory-wrong` names what is wrong. */
export function ownDirectory(membership: Membership, plan: Plan): Directory | Refusal {
  const { identity, federation } = membership;
  const directory = directoryOfPlan(plan);
  if (isRefusal(directory)) return directory;
  const pinned = pinnedKey(directory, federation.site);
  if (pinned === identity.publicKey) return directory;
  return pinned !== undefined && isOwnKey(membership, pinned)
    ? refuse(
        "directory-wrong",
        "The plan names the key that this site had before it was rotated. The admin proposes a new version; the stewards of all its sites compare its 16 words again before they approve.",
      )
    : refuse("directory-wrong", "This site is not in the plan's directory under its own key. Do not approve such a plan; tell the admin.");
}
