"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { planInWords } from "@engraft/core/models/plan-words";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { useTRPC } from "../../../api/trpc.ts";
import { Button } from "../../../parts/button.tsx";
import { Card } from "../../../parts/card.tsx";
import { Note } from "../../../parts/chip.tsx";
import { Refused } from "../../../parts/states.tsx";
import { PlanLines } from "../page/plan-cards.tsx";
import type { Judged } from "../form/plan-judge.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";

/** All of them stand at their fields. */
const SHOWN_PROBLEMS = 8;

interface PreviewProps {
  readonly judged: Judged;
  readonly base: BaseView | undefined;
  readonly problems: readonly string[];
  readonly asked: boolean;
  readonly onAsk: () => void;
  readonly onProposed: () => void;
}

/** The plan as stewards will read it, what is still wrong, and the one step that follows. */
export function PlanPreview({ judged, base, problems, asked, onAsk, onProposed }: PreviewProps) {
  const words = useWords(formWords);
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const propose = useMutation(
    trpc.plans.propose.mutationOptions({
      onSuccess: async ({ digest }) => {
        onProposed();
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
      <Card title={words.inPlainWords} padded aside={words.whatStewardsWillRead}>
        {plan !== undefined && base !== undefined ? (
          <PlanLines lines={planInWords(plan, base.manifest)} />
        ) : (
          <p className="text-fg-2">{words.theWordsAppearOnceEveryField}</p>
        )}
      </Card>
      {problems.length > 0 && (
        <div data-problems tabIndex={-1}>
          <Note tone="warn" role="status" icon={<TriangleAlert size={16} aria-hidden />}>
            <b className="font-semibold">{words.fieldsNeed(problems.length)}</b>
            {(asked || judged.general.length > 0) && (
              <ul className="mt-1 grid list-disc gap-1 pl-4">
                {problems.slice(0, SHOWN_PROBLEMS).map((problem) => (
                  <li key={problem} lang={judged.english.includes(problem) ? "en" : undefined} className="wrap-anywhere">
                    {problem}
                  </li>
                ))}
              </ul>
            )}
            {asked && problems.length > SHOWN_PROBLEMS && <p>{words.andMore(problems.length - SHOWN_PROBLEMS)}</p>}
          </Note>
        </div>
      )}
      {propose.error !== null && <Refused what={words.thePlanWasNotProposed} error={propose.error} />}
      <div className="grid gap-2">
        <Button kind="primary" busy={propose.isPending && words.proposingPlan} onClick={onPropose} aria-describedby="propose-next">
          {words.proposePlan}
        </Button>
        <p id="propose-next" className="text-12 text-fg-2">
          {words.everySiteIsAskedForIts}
        </p>
      </div>
    </>
  );
}
