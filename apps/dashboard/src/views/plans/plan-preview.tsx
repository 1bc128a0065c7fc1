"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { planInWords } from "@engraft/core/models/plan-words";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { plural } from "../../parts/figures.ts";
import { Refused } from "../../parts/states.tsx";
import { PlanLines } from "./plan-cards.tsx";
import type { Judged } from "./plan-judge.ts";

interface PreviewProps {
  readonly judged: Judged;
  readonly base: BaseView | undefined;
  readonly problems: readonly string[];
  readonly asked: boolean;
  readonly onAsk: () => void;
}

/** The plan as stewards will read it, what is still wrong, and the one step that follows. */
export function PlanPreview({ judged, base, problems, asked, onAsk }: PreviewProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const propose = useMutation(
    trpc.plans.propose.mutationOptions({
      onSuccess: async ({ digest }) => {
        await queryClient.invalidateQueries({ queryKey: trpc.plans.pathKey() });
        router.push(`/plans/${digest}`);
      },
    }),
  );
  const { plan } = judged;
  const onPropose = (): void => {
    onAsk();
    if (plan !== undefined) propose.mutate({ plan: JSON.stringify(plan) });
  };
  return (
    <>
      <Card title="In plain words" padded aside="what stewards will read">
        {plan !== undefined && base !== undefined ? (
          <PlanLines lines={planInWords(plan, base.manifest)} />
        ) : (
          <p className="text-fg-2">The words appear once every field can be read.</p>
        )}
      </Card>
      {problems.length > 0 && (
        <Note tone="warn" role="status" icon={<TriangleAlert size={16} aria-hidden />}>
          <b className="font-semibold">{plural(problems.length, "field needs", "fields need")} a value.</b>
          {(asked || judged.general.length > 0) && (
            <ul className="mt-1 grid list-disc gap-1 pl-4">
              {problems.slice(0, 8).map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
        </Note>
      )}
      {propose.error !== null && <Refused what="The plan was not proposed." error={propose.error} />}
      <div className="grid gap-2">
        <Button kind="primary" busy={propose.isPending && "Proposing plan …"} onClick={onPropose} aria-describedby="propose-next">
          Propose plan
        </Button>
        <p id="propose-next" className="text-12 text-fg-2">
          Every site is asked for its approval. Nothing is trained before enough of them have said yes.
        </p>
      </div>
    </>
  );
}
