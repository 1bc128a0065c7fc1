import type { PlanView } from "@engraft/coordinator/api/views";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { Eye, Lock } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { leaving, type Leaving } from "./leaves.ts";

export function LeavesCard({ plan }: { readonly plan: PlanView }) {
  const size = vectorSizeOf(plan.plan, plan.base.manifest);
  return (
    <Card
      title="What leaves a site"
      footer={
        <span className="flex items-center gap-2">
          <Lock size={14} aria-hidden className="flex-none" />
          Everything not in this table stays. Records, labels and patient lists have no message that could carry them.
        </span>
      }
    >
      <div className="scroll relative" role="region" aria-label="What leaves a site, table" tabIndex={0}>
        <table className="dense">
          <caption className="sr-only">What leaves a site</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">How</th>
              <th scope="col">When</th>
              <th scope="col" className="n">
                Size
              </th>
              <th scope="col">Who can read it</th>
            </tr>
          </thead>
          <tbody>
            {leaving(plan.plan, size).map((row) => (
              <Row key={row.what} row={row} plain={plan.plan.aggregation.method === "plain"} />
            ))}
          </tbody>
        </table>
      </div>
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
