/** How a site stands on a plan, in words. */
import type { ApprovalView, PlanView } from "@engraft/coordinator/api/views";
import { planWords, type PlanWords } from "../words.ts";

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

export function approvalState(
  approval: ApprovalView,
  { directory, plan }: Asked,
  words: PlanWords["approval"] = planWords.en.approval,
): ApprovalState {
  const { decision, steward, online, siteMetrics, usedBy } = approval;
  if (decision === "approved") {
    return {
      is: usedBy === null ? "approved" : "used",
      words: words.approved(steward, directory !== null),
      figures: !plan.metrics.perSite ? null : siteMetrics ? words.figuresLeave : words.figuresStay,
    };
  }
  if (decision === "refused") return { is: "refused", words: words.refused(steward), figures: null };
  if (!online) return { is: "offline", words: words.offline, figures: null };
  return { is: "waiting", words: directory === null ? words.waiting : words.comparing, figures: null };
}
