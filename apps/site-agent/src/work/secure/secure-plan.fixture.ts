/** A secure plan over sites whose keys the tests know. */
import type { Digest, RunId } from "@engraft/core/base/ids";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { Plan } from "@engraft/core/models/plan";
import type { Directory } from "@engraft/core/secagg/directory";
import { makePlan } from "../../plan.fixture.ts";

export const seedOfSite = (at: number): Uint8Array => new Uint8Array(32).fill(50 + at);

/** What all of a laboratory share. */
export interface LabPlan {
  readonly plan: Plan;
  readonly digest: Digest;
  readonly directory: Directory;
  readonly coordinator: Identity;
  readonly clock: { now: number };
  /** What the coordinator would serve. */
  readonly blobs: Map<string, Uint8Array>;
}

export const RUN = "tiny-head.1" as RunId;
export function securePlan(sites: number, change: (plan: Plan) => Plan = (plan) => plan): Plan {
  const directory = Array.from({ length: sites }, (_, at) => ({
    site: `site-${String.fromCharCode(97 + at)}`,
    publicKey: identityFromSeed(seedOfSite(at)).publicKey,
    operator: `Trust ${at}`,
    withCoordinator: false,
  }));
  const aggregation = { method: "secure", directory, weights: "exact", weightCap: 1000, coordinateClip: 1, encoding: "full" } as const;
  const secure = makePlan((plan) => ({
    ...plan,
    rounds: { count: 2, stop: null },
    cohort: { minSites: 2, fraction: 1, gatherSeconds: 5, deadlineSeconds: 600, graceSeconds: 20 },
    metrics: { ...plan.metrics, perSite: false, compareAlone: false },
    aggregation: { ...aggregation, attempts: 3, phaseSeconds: 60 } as Plan["aggregation"],
  }));
  return change(Plan.parse(secure));
}
