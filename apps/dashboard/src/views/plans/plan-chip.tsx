import type { PlanSummary } from "@engraft/coordinator/api/views";
import { CircleCheck, Hourglass, Undo2 } from "lucide-react";
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
