"use client";
import type { RunView } from "@engraft/core/rounds/view";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";

/** What an admin can do to a run under way. Each is an event with its author, and stands in the audit log. */
export function SteerRun({ view }: { readonly view: RunView }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={`Steer ${view.run}`}
      under="Nothing that has been trained is lost by any of these. Each is recorded with your name."
      trigger={<Button>Steer run</Button>}
    >
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
  const trpc = useTRPC();
  const pause = useMutation(trpc.runs.pause.mutationOptions(useAfter()));
  const resume = useMutation(trpc.runs.resume.mutationOptions(useAfter()));
  const { run, paused } = view;
  return (
    <Part title="Pause">
      <p className="text-fg-2">
        {paused === null ? "The open round goes on to its end. No other begins until the run is resumed." : "The run is paused."}
      </p>
      <div>
        {paused === null ? (
          <Button busy={pause.isPending && "Pausing …"} onClick={() => pause.mutate({ run })}>
            Pause run
          </Button>
        ) : (
          <Button kind="primary" busy={resume.isPending && "Resuming …"} onClick={() => resume.mutate({ run })}>
            Resume run
          </Button>
        )}
      </div>
      {pause.error !== null && <Refused what="The run was not paused." error={pause.error} />}
      {resume.error !== null && <Refused what="The run was not resumed." error={resume.error} />}
    </Part>
  );
}

function Deadline({ view: { run } }: { readonly view: RunView }) {
  const trpc = useTRPC();
  const [minutes, setMinutes] = useState("30");
  const [tried, setTried] = useState(false);
  const extend = useMutation(trpc.runs.moveDeadline.mutationOptions(useAfter()));
  const close = useMutation(trpc.runs.closeNow.mutationOptions(useAfter()));
  const length = Number(minutes);
  const wrong = length > 0 ? undefined : "Enter a number of minutes above 0.";
  return (
    <Part title="Deadline of what is waited for">
      <TextField
        label="Minutes from now"
        inputMode="numeric"
        value={minutes}
        onChange={(event) => setMinutes(event.target.value)}
        wrong={tried ? wrong : undefined}
        hint="Late sites then have until this moment, even after the others’ grace."
      />
      <div className="flex flex-wrap gap-2">
        <Button
          busy={extend.isPending && "Moving deadline …"}
          onClick={() => {
            setTried(true);
            if (wrong === undefined) extend.mutate({ run, minutes: length });
          }}
        >
          Move deadline
        </Button>
        <Button busy={close.isPending && "Closing round …"} onClick={() => close.mutate({ run })}>
          Close round now
        </Button>
      </div>
      {extend.error !== null && <Refused what="The deadline was not moved." error={extend.error} />}
      {close.error !== null && <Refused what="The round was not closed." error={close.error} />}
    </Part>
  );
}

function Sites({ view }: { readonly view: RunView }) {
  const trpc = useTRPC();
  const leaveOut = useMutation(trpc.runs.leaveOut.mutationOptions(useAfter()));
  const letIn = useMutation(trpc.runs.letIn.mutationOptions(useAfter()));
  const { run, sites, leftOut } = view;
  const out = new Set(leftOut.map(({ site }) => site));
  return (
    <Part title="Sites">
      <p className="text-fg-2">A site that is left out is asked no more. What it gave in the open round still counts.</p>
      <ul className="grid gap-1.5">
        {sites.map((site) => (
          <li key={site} className="flex items-center justify-between gap-2">
            <span className="font-mono">{site}</span>
            {out.has(site) ? (
              <Button size="small" aria-label={`Let in ${site}`} onClick={() => letIn.mutate({ run, site })}>
                Let in
              </Button>
            ) : (
              <Button size="small" aria-label={`Leave out ${site}`} onClick={() => leaveOut.mutate({ run, site })}>
                Leave out
              </Button>
            )}
          </li>
        ))}
      </ul>
      {leaveOut.error !== null && <Refused what="The site was not left out." error={leaveOut.error} />}
      {letIn.error !== null && <Refused what="The site was not let in." error={letIn.error} />}
    </Part>
  );
}
