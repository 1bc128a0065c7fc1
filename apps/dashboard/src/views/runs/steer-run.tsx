"use client";
import type { RunView } from "@engraft/core/rounds/view";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { STEER_WORDS } from "./words/steer.ts";

/** What an admin can do to a run under way. Each is an event with its author, and stands in the audit log. */
export function SteerRun({ view }: { readonly view: RunView }) {
  const words = useWords(STEER_WORDS);
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={setOpen} title={words.title(view.run)} under={words.under} trigger={<Button>{words.steer}</Button>}>
      <div className="in grid gap-4">
        <PauseOrResume view={view} />
        <Deadline view={view} />
        <Sites view={view} />
      </div>
    </Dialog>
  );
}

/** After whatever was done, the run is looked at again. */
function useAfter(): { readonly onSuccess: () => Promise<void> } {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return { onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.runs.pathKey() }) };
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="grid gap-2">
      <h3 className="text-13 font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function PauseOrResume({ view }: { readonly view: RunView }) {
  const words = useWords(STEER_WORDS);
  const trpc = useTRPC();
  const pause = useMutation(trpc.runs.pause.mutationOptions(useAfter()));
  const resume = useMutation(trpc.runs.resume.mutationOptions(useAfter()));
  const { run, paused } = view;
  return (
    <Part title={words.pause}>
      <p className="text-fg-2">{paused === null ? words.pauseMeans : words.paused}</p>
      <div>
        {paused === null ? (
          <Button busy={pause.isPending && words.pausing} onClick={() => pause.mutate({ run })}>
            {words.pauseRun}
          </Button>
        ) : (
          <Button kind="primary" busy={resume.isPending && words.resuming} onClick={() => resume.mutate({ run })}>
            {words.resumeRun}
          </Button>
        )}
      </div>
      {pause.error !== null && <Refused what={words.notPaused} error={pause.error} />}
      {resume.error !== null && <Refused what={words.notResumed} error={resume.error} />}
    </Part>
  );
}

function Deadline({ view: { run } }: { readonly view: RunView }) {
  const words = useWords(STEER_WORDS);
  const trpc = useTRPC();
  const [minutes, setMinutes] = useState("30");
  const [tried, setTried] = useState(false);
  const extend = useMutation(trpc.runs.moveDeadline.mutationOptions(useAfter()));
  const close = useMutation(trpc.runs.closeNow.mutationOptions(useAfter()));
  const length = Number(minutes);
  const wrong = length > 0 ? undefined : words.wrong;
  return (
    <Part title={words.deadline}>
      <TextField
        label={words.minutes}
        inputMode="numeric"
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        wrong={tried ? wrong : undefined}
        hint={words.hint}
      />
      <div className="flex flex-wrap gap-2">
        <Button
          busy={extend.isPending && words.moving}
          onClick={() => {
            setTried(true);
            if (wrong === undefined) extend.mutate({ run, minutes: length });
          }}
        >
          {words.move}
        </Button>
        <Button busy={close.isPending && words.closing} onClick={() => close.mutate({ run })}>
          {words.close}
        </Button>
      </div>
      {extend.error !== null && <Refused what={words.notMoved} error={extend.error} />}
      {close.error !== null && <Refused what={words.notClosed} error={close.error} />}
    </Part>
  );
}

function Sites({ view }: { readonly view: RunView }) {
  const words = useWords(STEER_WORDS);
  const trpc = useTRPC();
  const leaveOut = useMutation(trpc.runs.leaveOut.mutationOptions(useAfter()));
  const letIn = useMutation(trpc.runs.letIn.mutationOptions(useAfter()));
  const { run, sites, leftOut } = view;
  const out = new Set(leftOut.map(({ site }) => site));
  return (
    <Part title={words.sites}>
      <p className="text-fg-2">{words.sitesMean}</p>
      <ul className="grid gap-1.5">
        {sites.map((site) => (
          <li key={site} className="flex items-center justify-between gap-2">
            <span className="font-mono">{site}</span>
            {out.has(site) ? (
              <Button size="small" aria-label={words.letInSite(site)} onClick={() => letIn.mutate({ run, site })}>
                {words.letIn}
              </Button>
            ) : (
              <Button size="small" aria-label={words.leaveOutSite(site)} onClick={() => leaveOut.mutate({ run, site })}>
                {words.leaveOut}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {leaveOut.error !== null && <Refused what={words.notLeftOut} error={leaveOut.error} />}
      {letIn.error !== null && <Refused what={words.notLetIn} error={letIn.error} />}
    </Part>
  );
}
