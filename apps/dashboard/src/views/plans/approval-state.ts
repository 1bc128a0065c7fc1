/** How a site stands on a plan, in words. */
import type { ApprovalView, PlanView } from "@engraft/coordinator/api/views";

export interface ApprovalState {
  readonly is: "approved" | "used" | "refused" | "offline" | "waiting";
  readonly words: string;
  /** Whether its own figures may leave; null where that is not the question. */
  readonly figures: string | null;
}

type Asked = Pick<PlanView, "approvals" | "directory" | "plan">;

/** Those who are asked: under secure aggregation the sites of the directory, else all that are enrolled. */
export function approvalsOf({ approvals, directory }: Asked): readonly ApprovalView[] {
  if (directory === null) return approvals;
  const listed = new Set(directory.sites.map(({ site }) => site));
  return approvals.filter(({ site }) => listed.has(site));
}

/** Sites whose approval a run can rest upon now. */
export const readyFor = (plan: Asked): readonly string[] =>
  approvalsOf(plan)
    .filter(({ decision, usedBy }) => decision === "approved" && usedBy === null)
    .map(({ site }) => site);

export function approvalState(approval: ApprovalView, { directory, plan }: Asked): ApprovalState {
  const { decision, steward, online, siteMetrics, usedBy } = approval;
  const by = steward === null ? "" : ` by ${steward}`;
  if (decision === "approved") {
    const compared = directory === null ? "" : ", after the directory’s code was compared there";
    return {
      is: usedBy === null ? "approved" : "used",
      words: `Approved${by}${compared}.`,
      figures: !plan.metrics.perSite
        ? null
        : siteMetrics
          ? "Its own figures may leave."
          : "Its own figures stay; it shows only in the sum.",
    };
  }
  if (decision === "refused") return { is: "refused", words: `Refused${by}.`, figures: null };
  if (!online) return { is: "offline", words: "Not answered: the site is offline. It is asked when it is back.", figures: null };
  const first = directory === null ? "Waiting on its steward, who runs:" : "Waiting on its steward, who compares the code, then decides:";
  return { is: "waiting", words: `Not answered. ${first}`, figures: null };
}
