"use client";
import type { ApprovalView, PlanView } from "@engraft/coordinator/api/views";
import { Ban, CircleCheck, History, Hourglass, Unplug } from "lucide-react";
import Link from "next/link";
import { Card } from "../../../parts/card.tsx";
import { When } from "../../../parts/time.tsx";
import { useWords } from "../../../words/language.ts";
import { approvalState, approvalsOf, type ApprovalState } from "./approval-state.ts";
import { planWords } from "../words.ts";

export function ApprovalsCard({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords);
  const approvals = approvalsOf(plan);
  return (
    <Card title={words.approvals.title} aside={words.approvedOf(plan.approved, approvals.length, plan.needed)}>
      {approvals.length === 0 ? (
        <p className="px-4 py-4 text-fg-2">{words.approvals.noSite}</p>
      ) : (
        <ul className="list">
          {approvals.map((approval) => (
            <Approval key={approval.site} approval={approval} plan={plan} />
          ))}
        </ul>
      )}
    </Card>
  );
}

const LOOKS: Readonly<Record<ApprovalState["is"], { readonly icon: typeof Ban; readonly tone: string }>> = {
  approved: { icon: CircleCheck, tone: "text-accent" },
  used: { icon: History, tone: "text-warn" },
  refused: { icon: Ban, tone: "text-bad" },
  offline: { icon: Unplug, tone: "text-bad" },
  waiting: { icon: Hourglass, tone: "text-warn" },
};

function Approval({ approval, plan }: { readonly approval: ApprovalView; readonly plan: PlanView }) {
  const all = useWords(planWords);
  const { is, words, figures } = approvalState(approval, plan, all.approval);
  const { icon: Icon, tone } = LOOKS[is];
  const digest = plan.digest.slice(0, 12);
  return (
    <li className="flex items-start gap-2.5">
      <Icon size={16} className={`mt-0.5 flex-none ${tone}`} aria-hidden />
      <div className="min-w-0 flex-1">
        <div className="flex justify-between gap-2">
          <span className="font-medium">{approval.site}</span>
          {approval.at !== null && (
            <span className="text-12 text-fg-3">
              <When at={approval.at} />
            </span>
          )}
        </div>
        <div className="text-12 text-fg-2">{words}</div>
        {approval.usedBy !== null && (
          <div className="links text-12 text-fg-2">
            {all.approvals.usedBy} <Link href={`/runs/${approval.usedBy}`}>{approval.usedBy}</Link>
            {all.approvals.again}
          </div>
        )}
        {figures !== null && <div className="text-12 text-fg-2">{figures}</div>}
        {approval.reason !== null && <div className="text-12 text-fg-2">{all.approvals.quoted(approval.reason)}</div>}
        {is === "used" && <code className="text-fg-2">engraft-site approve {digest}</code>}
        {is === "waiting" && plan.directory !== null && (
          <>
            <code className="block text-fg-2">engraft-site directory {digest}</code>
            <code className="block text-fg-2">engraft-site review</code>
          </>
        )}
        {is === "waiting" && plan.directory === null && <code className="text-fg-2">engraft-site review</code>}
      </div>
    </li>
  );
}
