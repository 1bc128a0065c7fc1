import type { PlanSummary } from "@engraft/coordinator/api/views";
import type { AggregationMethod } from "@engraft/core/models/aggregation";
import { CircleCheck, Eye, Hourglass, ShieldCheck, Undo2 } from "lucide-react";
import { Chip } from "../../parts/chip.tsx";
import { plural } from "../../parts/figures.ts";

export function PlanChip({ plan }: { readonly plan: PlanSummary }) {
  if (plan.withdrawn) return <Chip icon={<Undo2 aria-hidden />}>Withdrawn</Chip>;
  const missing = plan.needed - plan.approved;
  if (missing > 0) {
    return (
      <Chip tone="warn" icon={<Hourglass aria-hidden />}>
        Waiting for {plural(missing, "more approval")}
      </Chip>
    );
  }
  return (
    <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
      Enough approvals
    </Chip>
  );
}

/** How updates are added up: what everybody should know of a plan and of a run at first sight. */
export function AggregationChip({ method }: { readonly method: AggregationMethod }) {
  return method === "plain" ? (
    <Chip tone="bad" icon={<Eye aria-hidden />}>
      Plain
    </Chip>
  ) : (
    <Chip tone="ok" icon={<ShieldCheck aria-hidden />}>
      Masked
    </Chip>
  );
}
