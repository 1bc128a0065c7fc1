"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { Check, Hourglass } from "lucide-react";
import { Card } from "../../../parts/card.tsx";
import { CopyButton, Words } from "../../../parts/copy.tsx";
import { useWords } from "../../../words/language.ts";
import { planWords } from "../words.ts";

export function DigestCard({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords).digest;
  const hex = plan.digest.match(/.{1,4}/g)?.join(" ") ?? plan.digest;
  return (
    <Card title={words.title} padded end={<CopyButton text={`${plan.words.join(" ")}\nsha256 ${plan.digest}`} what={words.what} />}>
      <div className="grid gap-2">
        <Words words={plan.words} of={words.of} />
        <p className="font-mono text-12 text-fg-3">sha256 {hex}</p>
        <p className="text-12 text-fg-2">{plan.directory === null ? words.byPhone : words.changed}</p>
      </div>
    </Card>
  );
}

export function BeforeRunCard({ plan }: { readonly plan: PlanView }) {
  const { before: words, cannotStart: barred } = useWords(planWords);
  const missing = Math.max(0, plan.needed - plan.approved);
  const points = [
    { done: true, text: words.base(`${plan.base.name} ${plan.base.version}`) },
    { done: true, text: words.fits },
    { done: !plan.withdrawn, text: plan.withdrawn ? words.withdrawn : words.notWithdrawn },
    { done: missing === 0, text: missing === 0 ? words.approvals(plan.approved, plan.needed) : words.missing(missing) },
  ];
  const other =
    plan.cannotStart !== null && points.every((point) => point.done)
      ? [{ done: false, text: barred[plan.cannotStart.why](plan, plan.cannotStart.of) }]
      : [];
  return (
    <Card title={words.title}>
      <ul className="list tight">
        {[...points, ...other].map((point) => (
          <li key={point.text} className="flex items-start gap-2">
            {point.done ? (
              <Check size={14} className="mt-1 flex-none text-accent" role="img" aria-label={words.done} />
            ) : (
              <Hourglass size={14} className="mt-1 flex-none text-warn" role="img" aria-label={words.open} />
            )}
            {point.text}
          </li>
        ))}
      </ul>
    </Card>
  );
}
