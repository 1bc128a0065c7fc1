/** Limits that a steward sets with an approval, and the site's standing policy. Both are kept and enforced here; no message carries or changes them. */
import * as z from "zod";
import { Instant } from "@engraft/core/base/ids";
import { Hours, hoursText } from "./hours.ts";

const runtime = {
  /** When this site trains; without them at any time. */
  hours: Hours.exactOptional(),
  /** Threads that training may use. */
  threads: z.int().min(1).max(1024).exactOptional(),
  /** The last round of a run that this site trains in. */
  maxRounds: z.int().min(1).max(10_000).exactOptional(),
  /** Only under secure aggregation, and only where so many sites are in the sum. */
  minSites: z.int().min(3).max(100).exactOptional(),
};

export const Limits = z.strictObject(runtime);
export type Limits = z.infer<typeof Limits>;

export const Policy = z.strictObject({
  ...runtime,
  headOnly: z.boolean(),
  secureOnly: z.boolean(),
  /** Whether figures of this site's own patients may ever leave. */
  ownFigures: z.boolean(),
});
export type Policy = z.infer<typeof Policy>;

export const SignedPolicy = z.strictObject({
  format: z.literal("engraft.policy/1"),
  policy: Policy,
  steward: z.string().min(1).max(120),
  at: Instant,
});
export type SignedPolicy = z.infer<typeof SignedPolicy>;

/** A site that has set none. */
export const OPEN_POLICY: Policy = { headOnly: false, secureOnly: false, ownFigures: true };

/** For people, each on its own; none where there is no limit. */
export const limitsInWords = ({ hours, threads, maxRounds, minSites }: Limits): readonly string[] => [
  ...(hours === undefined ? [] : [`only from ${hoursText(hours)}, by this site's clock`]),
  ...(threads === undefined ? [] : [`at most ${threads} CPU thread${threads === 1 ? "" : "s"}`]),
  ...(maxRounds === undefined ? [] : [`no round after round ${maxRounds}`]),
  ...(minSites === undefined ? [] : [`only secure aggregation with at least ${minSites} sites in the sum`]),
];

export const policyInWords = (policy: Policy): readonly string[] => [
  ...(policy.headOnly ? ["only plans that train the head"] : []),
  ...(policy.secureOnly ? ["only plans with secure aggregation"] : []),
  ...limitsInWords(policy),
  ...(policy.ownFigures ? [] : ["figures of this site's own patients never leave"]),
];

const lesser = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined ? b : Math.min(a, b ?? a));

/** Threads that training may use; undefined where nobody limits them. */
export const threadsOf = (limits: Limits, policy: Policy): number | undefined => lesser(limits.threads, policy.threads);

/** Sites that must be in a sum, whatever the plan says; 0 where nobody says so. */
export const minSitesOf = (limits: Limits, policy: Policy): number => Math.max(limits.minSites ?? 0, policy.minSites ?? 0);
