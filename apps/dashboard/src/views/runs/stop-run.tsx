"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Refused } from "../../parts/states.tsx";

export function StopRun({ run }: { readonly run: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const stop = useMutation(
    trpc.runs.stop.mutationOptions({
      onSuccess: async () => {
        setOpen(false);
        await queryClient.invalidateQueries({ queryKey: trpc.runs.pathKey() });
      },
    }),
  );
  return (
    <Confirm
      open={open}
      onOpenChange={setOpen}
      title={`Stop ${run}`}
      action="Stop run"
      keep="Keep running"
      busy={stop.isPending && "Stopping run …"}
      onConfirm={() => stop.mutate({ run })}
      trigger={<Button kind="danger">Stop run</Button>}
    >
      <p>The round under way is given up and its updates are not used. The sites are told to stop training.</p>
      <p className="text-fg-2">
        Checkpoints of finished rounds are kept. A stopped run cannot be resumed; another one starts from the base model.
      </p>
      {stop.error !== null && <Refused what="The run was not stopped." error={stop.error} />}
    </Confirm>
  );
}
