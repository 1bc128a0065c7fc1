import type { PlanView } from "@engraft/coordinator/api/views";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { Eye, Lock } from "lucide-react";
import { Card } from "../../../parts/card.tsx";
import { useWords } from "../../../words/language.ts";
import { leaving, type Leaving } from "./leaves.ts";
import { planWords } from "../words.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

export function LeavesCard({ plan }: { readonly plan: PlanView }) {
  const { leavesCard: words, leaves } = useWords(planWords);
  const size = vectorSizeOf(plan.plan, plan.base.manifest);
  return (
    <Card
      title={words.title}
      footer={
        <span className="flex items-center gap-2">
          <Lock size={14} aria-hidden className="flex-none" />
          {words.stays}
        </span>
      }
    >
      <ScrollTable label={words.table} caption={words.title}>
        <thead>
          <tr>
            <th scope="col">{words.what}</th>
            <th scope="col">{words.how}</th>
            <th scope="col">{words.when}</th>
            <th scope="col" className="n">
              {words.size}
            </th>
            <th scope="col">{words.reader}</th>
          </tr>
        </thead>
        <tbody>
          {leaving(plan.plan, size, leaves).map((row) => (
            <Row key={row.what} row={row} plain={plan.plan.aggregation.method === "plain"} />
          ))}
        </tbody>
      </ScrollTable>
    </Card>
  );
}

function Row({ row, plain }: { readonly row: Leaving; readonly plain: boolean }) {
  const Icon = row.hidden ? Lock : Eye;
  const tone = row.hidden ? "text-accent" : plain ? "text-bad" : "text-fg-2";
  return (
    <tr>
      <th scope="row" className="min-w-40 whitespace-normal">
        {row.what}
      </th>
      <td className={`min-w-28 ${tone}`}>{row.how}</td>
      <td className="whitespace-nowrap text-fg-2">{row.when}</td>
      <td className="n whitespace-nowrap">{row.size}</td>
      <td>
        <span className={`flex items-center gap-1.5 ${tone}`}>
          <Icon size={14} className="flex-none" aria-hidden />
          {row.reader}
        </span>
      </td>
    </tr>
  );
}
