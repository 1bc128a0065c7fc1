/** Everything that a page shows, read from the agent's folder at this moment. Nothing here asks the coordinator. */
import { availableParallelism } from "node:os";
import { listData } from "../data/registry.ts";
import { standingOf, readPlanHere, type PlanReading, type Standing } from "../commands/review.ts";
import { ownDirectory } from "../vault/own-directory.ts";
import { isRefusal } from "@engraft/core/base/errors";
import type { Directory } from "@engraft/core/secagg/directory";
import { looksAlive, readState, type AgentState } from "../state.ts";
import { policyRefuses } from "../rules/allowed.ts";
import { OPEN_POLICY, type Policy, type SignedPolicy } from "../rules/limits.ts";
import { findCompared } from "../vault/directories.ts";
import { listDecisions, type Decision } from "../vault/decisions.ts";
import { addresses, type Membership } from "../vault/federation.ts";
import { pausedBy } from "../vault/participation.ts";
import { listPlans, type OfferedPlan } from "../vault/plans.ts";
import { findPolicy } from "../vault/policy.ts";
import type { Left, LeftLog } from "./left.ts";
import type { Checked, Reviews } from "./reviews.ts";

export interface PlanRow {
  readonly offered: OfferedPlan;
  readonly decision: Decision | undefined;
  readonly standing: Standing;
}

/** One plan, opened. */
export interface PlanPicture extends PlanRow {
  readonly reading: PlanReading;
  /** Undefined while the table is read and a step is tried. */
  readonly checked: Checked | undefined;
  readonly directory: Directory | undefined;
  readonly comparedBy: string | undefined;
  /** Why the standing policy does not let it be approved. */
  readonly breaks: string | undefined;
}

export interface Picture {
  readonly site: string;
  readonly coordinator: string;
  readonly at: number;
  readonly state: AgentState | undefined;
  readonly running: boolean;
  readonly paused: { readonly since: number; readonly by?: string | undefined } | undefined;
  readonly policy: Policy;
  readonly signedPolicy: SignedPolicy | undefined;
  /** Newest first. */
  readonly plans: readonly PlanRow[];
  readonly left: Left;
  readonly tables: readonly string[];
  readonly processors: number;
}

interface Sources {
  readonly home: string;
  readonly membership: Membership;
  readonly left: LeftLog;
  readonly reviews: Reviews;
  readonly now: () => number;
}

export async function takePicture({ home, membership, left, now }: Sources): Promise<Picture> {
  const [state, paused, signedPolicy, plans, decisions, tables, gone] = await Promise.all([
    readState(home),
    pausedBy(home),
    findPolicy(home),
    listPlans(home),
    listDecisions(home, membership),
    listData(home),
    left.look(),
  ]);
  const at = now();
  const rows = plans.map((offered) => {
    const decision = decisions.find(({ approval }) => approval.plan === offered.digest);
    return { offered, decision, standing: standingOf(offered, decision) };
  });
  return {
    site: membership.federation.site,
    coordinator: new URL(addresses(membership.federation)[0] ?? membership.federation.url).host,
    at,
    state,
    running: state !== undefined && looksAlive(state, at),
    paused,
    policy: signedPolicy?.policy ?? OPEN_POLICY,
    signedPolicy,
    plans: rows.toReversed(),
    left: gone,
    tables: tables.map(({ name }) => name),
    processors: availableParallelism(),
  };
}

export async function openPlan({ home, membership, reviews }: Sources, row: PlanRow, policy: Policy): Promise<PlanPicture> {
  const { offered, standing } = row;
  const reading = await readPlanHere(home, membership, offered);
  const made = offered.plan.aggregation.method === "secure" ? ownDirectory(membership, offered.plan) : undefined;
  const directory = made === undefined || isRefusal(made) ? undefined : made;
  const comparedBy = directory === undefined ? undefined : (await findCompared(home, directory.hash))?.steward;
  const checked = standing === "withdrawn" ? { data: null, training: null } : await reviews.look(offered, standing);
  return { ...row, reading, checked, directory, comparedBy, breaks: policyRefuses(policy, offered.plan)?.text };
}
