"use client";
import type { SiteDetail } from "@engraft/coordinator/api/views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Note } from "../../parts/chip.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { Refused } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { SITE } from "./site-words.ts";

interface RemoveDialogProps {
  readonly detail: SiteDetail;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export function RemoveDialog({ detail: { site, neededBy }, open, onOpenChange }: RemoveDialogProps) {
  const trpc = useTRPC();
  const words = useWords(SITE);
  const queryClient = useQueryClient();
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const remove = useMutation(
    trpc.sites.remove.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries({ queryKey: trpc.sites.pathKey() });
        onOpenChange(false);
      },
    }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const confirm = new FormData(event.currentTarget).get("confirm");
    if (typeof confirm !== "string" || confirm.trim() !== site.name) return setWrong(words.typeWrong(site.name));
    setWrong(undefined);
    remove.mutate({ site: site.name, confirm });
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={words.removeTitle(site.name)} under={words.removeUnder}>
      <form onSubmit={submit} noValidate aria-label={words.removeTitle(site.name)}>
        <div className="in">
          <p>{words.removeText(site.name)}</p>
          {neededBy !== null ? (
            <Note tone="warn">{words.needed(neededBy, site.name)}</Note>
          ) : (
            <TextField label={words.typeName(site.name)} name="confirm" autoComplete="off" spellCheck={false} autoFocus wrong={wrong} />
          )}
          {remove.error !== null && <Refused what={words.notRemoved} error={remove.error} />}
        </div>
        <footer>
          {neededBy === null ? (
            <Button kind="danger" type="submit" busy={remove.isPending && words.removing}>
              {words.remove}
            </Button>
          ) : (
            <Link className={buttonClass()} href={`/runs/${neededBy}`}>
              {words.lookAtRun}
            </Link>
          )}
          <Button kind="primary" onClick={() => onOpenChange(false)}>
            {words.keep}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
