"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { Check, Hourglass } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { CopyButton, Words } from "../../parts/copy.tsx";
import { plural } from "../../parts/figures.ts";

export function DigestCard({ plan }: { readonly plan: PlanView }) {
  const hex = plan.digest.match(/.{1,4}/g)?.join(" ") ?? plan.digest;
  return (
    <Card title="Digest in words" padded end={<CopyButton text={`${plan.words.join(" ")}\nsha256 ${plan.digest}`} what="digest" />}>
      <div className="grid gap-2">
        <Words words={plan.words} of="Digest" />
        <p className="font-mono text-12 text-fg-3">sha256 {hex}</p>
        <p className="text-12 text-fg-2">
          {plan.directory === null
            ? "Stewards read these words to each other by phone. One changed byte gives other words and needs new approvals."
            : "One changed byte of the plan gives other words and needs new approvals."}
        </p>
      </div>
    </Card>
  );
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
