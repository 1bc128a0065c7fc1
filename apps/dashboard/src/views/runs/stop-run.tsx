"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Refused } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { PAGE_WORDS } from "./words/page.ts";

export function StopRun({ run }: { readonly run: string }) {
  const words = useWords(PAGE_WORDS);
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
      title={words.stopTitle(run)}
      action={words.stop}
      keep={words.keepRunning}
      busy={stop.isPending && words.stopping}
      onConfirm={() => stop.mutate({ run })}
      trigger={<Button kind="danger">{words.stop}</Button>}
    >
      <p>{words.stopMeans}</p>
      <p className="text-fg-2">{words.stopKeeps}</p>
      {stop.error !== null && <Refused what={words.notStopped} error={stop.error} />}
    </Confirm>
  );
}
