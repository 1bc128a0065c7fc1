import type { PlanSummary } from "@engraft/coordinator/api/views";
import type { AggregationMethod } from "@engraft/core/models/aggregation";
import { CircleCheck, Eye, Hourglass, ShieldCheck, Undo2 } from "lucide-react";
import { Chip } from "../../../parts/chip.tsx";
import { useWords } from "../../../words/language.ts";
import { planWords } from "../words.ts";

export function PlanChip({ plan }: { readonly plan: PlanSummary }) {
  const words = useWords(planWords).chip;
  if (plan.withdrawn) return <Chip icon={<Undo2 aria-hidden />}>{words.withdrawn}</Chip>;
  const missing = plan.needed - plan.approved;
  if (missing > 0) {
    return (
      <Chip tone="warn" icon={<Hourglass aria-hidden />}>
        {words.waiting(missing)}
      </Chip>
    );
  }
  return (
    <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
      {words.enough}
    </Chip>
  );
}

/** How updates are added up: what everybody should know of a plan and of a run at first sight. */
export function AggregationChip({ method }: { readonly method: AggregationMethod }) {
  const words = useWords(planWords).chip;
  return method === "plain" ? (
    <Chip tone="bad" icon={<Eye aria-hidden />}>
      {words.plain}
    </Chip>
  ) : (
    <Chip tone="ok" icon={<ShieldCheck aria-hidden />}>
      {words.masked}
    </Chip>
  );
}
