"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { Eye } from "lucide-react";
import { useState } from "react";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { CodeLine } from "../../../parts/copy.tsx";
import { useWords } from "../../../words/language.ts";
import { planWords } from "../words.ts";

export function WordsCard({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords);
  const [json, setJson] = useState(false);
  return (
    <Card
      title={words.inWords}
      padded
      end={
        <Button kind="ghost" size="small" aria-pressed={json} onClick={() => setJson(!json)}>
          {json ? words.showWords : words.showJson}
        </Button>
      }
    >
      {json ? (
        <div className="max-h-[520px] overflow-y-auto">
          <CodeLine code={JSON.stringify(plan.plan, null, 2)} what={words.planAsJson} />
        </div>
      ) : (
        <PlanLines lines={plan.lines} />
      )}
    </Card>
  );
}

export function PlanLines({ lines }: { readonly lines: PlanView["lines"] }) {
  return (
    <dl className="kv" lang="en">
      {lines.map((line) => (
        <div key={line.topic} className="contents">
          <dt>{line.topic}</dt>
          <dd className={line.warn === true ? "flex gap-2 text-bad" : undefined}>
            {line.warn === true && <Eye size={16} className="mt-0.5 flex-none" aria-hidden />}
            <span>{line.words}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
