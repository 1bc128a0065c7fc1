"use client";
import type { RoundView } from "@engraft/core/rounds/view";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "../../../api/trpc.ts";
import { Button } from "../../../parts/button.tsx";
import { clockText } from "../../../parts/figures.ts";
import { Refused } from "../../../parts/states.tsx";
import { useMay } from "../../../shell/session.tsx";
import { useWords } from "../../../words/language.ts";
import { timelineWords } from "./words.ts";

const MORE_MS = 600_000;

interface LaneActionsProps {
  readonly run: string;
  readonly round: RoundView;
  /** The round is open. */
  readonly open: boolean;
  readonly site: string;
}

/** What can be done about a slow or lost site, and what comes of it, said before it is pressed. */
export function LaneActions({ run, round, open, site }: LaneActionsProps) {
  const trpc = useTRPC();
  const words = useWords(timelineWords);
  const queryClient = useQueryClient();
  const after = { onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.runs.pathKey() }) };
  const extend = useMutation(trpc.runs.moveDeadline.mutationOptions(after));
  const close = useMutation(trpc.runs.closeNow.mutationOptions(after));
  const leave = useMutation(trpc.runs.leaveOut.mutationOptions(after));
  const mayLeave = useMay("runs.leaveOut");
  const mayMove = useMay("runs.moveDeadline") && open;
  const mayClose = useMay("runs.closeNow") && open;
  if (!mayLeave && !mayMove && !mayClose) return null;
  const attempt = round.attempts.at(-1);
  const deadline = (attempt?.until ?? round.deadline) + MORE_MS;
  const failed = [
    [words.notExtended, extend.error],
    [words.notClosed, close.error],
    [words.notLeftOut, leave.error],
  ] as const;
  return (
    <div className="mt-2 grid gap-2">
      <ul className="grid gap-0.5 text-12 text-fg-2">
        {mayMove && <li>{words.extendMeans(clockText(deadline))}</li>}
        {mayClose && <li>{attempt === undefined ? words.closeMeans : words.closeStepMeans}</li>}
        {mayLeave && <li>{words.leaveMeans(site)}</li>}
      </ul>
      <div className="flex flex-wrap gap-2">
        {mayMove && (
          <Button
            size="small"
            busy={extend.isPending && words.extending}
            onClick={() => extend.mutate({ run, minutes: (deadline - Date.now()) / 60_000 })}
          >
            {words.extend}
          </Button>
        )}
        {mayClose && (
          <Button size="small" busy={close.isPending && words.closing} onClick={() => close.mutate({ run })}>
            {words.closeNow}
          </Button>
        )}
        {mayLeave && (
          <Button size="small" busy={leave.isPending && words.leaving} onClick={() => leave.mutate({ run, site })}>
            {words.leaveOut(site)}
          </Button>
        )}
      </div>
      {failed.map(([what, error]) => error !== null && <Refused key={what} what={what} error={error} />)}
    </div>
  );
}
