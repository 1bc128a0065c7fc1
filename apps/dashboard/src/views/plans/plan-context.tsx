"use client";
import type { ApprovalView, PlanView } from "@engraft/coordinator/api/views";
import { Ban, Check, CircleCheck, Hourglass, Unplug } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { CopyButton, Words } from "../../parts/copy.tsx";
import { plural } from "../../parts/figures.ts";
import { When } from "../../parts/time.tsx";

export function DigestCard({ plan }: { readonly plan: PlanView }) {
  const hex = plan.digest.match(/.{1,4}/g)?.join(" ") ?? plan.digest;
  return (
    <Card title="Digest in words" padded end={<CopyButton text={`${plan.words.join(" ")}\nsha256 ${plan.digest}`} what="digest" />}>
      <div className="grid gap-2">
        <Words words={plan.words} of="Digest" />
        <p className="font-mono text-12 text-fg-3">sha256 {hex}</p>
        <p className="text-12 text-fg-2">
          Stewards read these words to each other by phone. One changed byte gives other words and needs new approvals.
        </p>
      </div>
    </Card>
  );
}

export function ApprovalsCard({ plan }: { readonly plan: PlanView }) {
  return (
    <Card title="Approvals" aside={`${plan.approved} of ${plan.approvals.length}, ${plan.needed} needed`}>
      {plan.approvals.length === 0 ? (
        <p className="px-4 py-4 text-fg-2">No site has joined yet; each that joins is asked.</p>
      ) : (
        <ul className="list">
          {plan.approvals.map((approval) => (
            <Approval key={approval.site} approval={approval} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Approval({ approval }: { readonly approval: ApprovalView }) {
  const { icon: Icon, tone, words } = stateOf(approval);
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
        {approval.reason !== null && <div className="text-12 text-fg-2">“{approval.reason}”</div>}
        {approval.decision === "waiting" && approval.online && <code className="text-fg-2">engraft-site review</code>}
      </div>
    </li>
  );
}

function stateOf(approval: ApprovalView) {
  const by = approval.steward === null ? "" : ` by ${approval.steward}`;
  if (approval.decision === "approved") return { icon: CircleCheck, tone: "text-accent", words: `Approved${by}.` };
  if (approval.decision === "refused") return { icon: Ban, tone: "text-bad", words: `Refused${by}.` };
  if (!approval.online) return { icon: Unplug, tone: "text-bad", words: "Not answered: the site is offline. It is asked when it is back." };
  return { icon: Hourglass, tone: "text-warn", words: "Not answered. Waiting on its steward, who runs:" };
}

export function BeforeRunCard({ plan }: { readonly plan: PlanView }) {
  const missing = Math.max(0, plan.needed - plan.approved);
  const points = [
    { done: true, text: `Base ${plan.base.name} ${plan.base.version} is here, bytes as in the plan` },
    { done: true, text: "The plan fits its base: fields, label, split, trained part" },
    { done: !plan.withdrawn, text: plan.withdrawn ? "The plan is withdrawn" : "The plan is not withdrawn" },
    { done: missing === 0, text: missing === 0 ? `${plan.approved} approvals, ${plan.needed} needed` : plural(missing, "more approval") },
  ];
  const other = plan.cannotStart !== null && points.every((point) => point.done) ? [{ done: false, text: plan.cannotStart }] : [];
  return (
    <Card title="Before a run can start">
      <ul className="list tight">
        {[...points, ...other].map((point) => (
          <li key={point.text} className="flex items-start gap-2">
            {point.done ? (
              <Check size={14} className="mt-1 flex-none text-accent" role="img" aria-label="Done" />
            ) : (
              <Hourglass size={14} className="mt-1 flex-none text-warn" role="img" aria-label="Missing" />
            )}
            {point.text}
          </li>
        ))}
      </ul>
    </Card>
  );
}
