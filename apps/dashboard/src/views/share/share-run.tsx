"use client";
import type { ShareLinkView } from "@engraft/coordinator/api/alert-views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Share2 } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Chip } from "../../parts/chip.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Check, SelectField } from "../../parts/field.tsx";
import { Loaded, Refused } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { useMay } from "../../shell/session.tsx";
import { useWords } from "../../words/language.ts";
import { shareWords } from "./words.ts";

const DAYS = [1, 7, 30, 90] as const;

/** Absent where the role may not make links. */
export function ShareRun({ run }: { readonly run: string }) {
  const words = useWords(shareWords);
  const may = useMay("share.create");
  const [open, setOpen] = useState(false);
  if (!may) return null;
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={words.title}
      under={words.under}
      trigger={
        <Button>
          <Share2 size={14} aria-hidden />
          {words.share}
        </Button>
      }
    >
      <ShareForm run={run} />
      <Links run={run} />
    </Dialog>
  );
}

function ShareForm({ run }: { readonly run: string }) {
  const words = useWords(shareWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [siteFigures, setSiteFigures] = useState(false);
  const create = useMutation(
    trpc.share.create.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.share.pathKey() }) }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    create.mutate({ run, days: Number(new FormData(event.currentTarget).get("days")), siteFigures });
  };
  return (
    <form onSubmit={submit} aria-label={words.title}>
      <div className="in">
        <SelectField label={words.days} name="days" defaultValue="7">
          {DAYS.map((days) => (
            <option key={days} value={days}>
              {words.dayCounts[days]}
            </option>
          ))}
        </SelectField>
        <Check label={words.siteFigures} hint={words.siteFiguresHint} checked={siteFigures} onChange={setSiteFigures} />
        {create.error !== null && <Refused what={words.notMade} error={create.error} />}
        {create.data !== undefined && (
          <div role="status" className="grid gap-1">
            <p>{words.made}</p>
            <CodeLine code={create.data.url} what={words.link} />
          </div>
        )}
      </div>
      <footer>
        <span />
        <Button kind="primary" type="submit" busy={create.isPending && words.making}>
          {words.make}
        </Button>
      </footer>
    </form>
  );
}

function Links({ run }: { readonly run: string }) {
  const words = useWords(shareWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const links = useQuery(trpc.share.list.queryOptions({ run }));
  const revoke = useMutation(
    trpc.share.revoke.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.share.pathKey() }) }),
  );
  return (
    <div className="in">
      <h3 className="font-medium">{words.links}</h3>
      {revoke.error !== null && <Refused what={words.notRevoked} error={revoke.error} />}
      <Loaded query={links} rows={1}>
        {(list) =>
          list.length === 0 ? (
            <p className="text-fg-2">{words.none}</p>
          ) : (
            <ul className="grid gap-2">
              {list.map((link) => (
                <LinkLine key={link.id} link={link} busy={revoke.isPending} onRevoke={() => revoke.mutate({ id: link.id })} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </div>
  );
}

function LinkLine({ link, busy, onRevoke }: { readonly link: ShareLinkView; readonly busy: boolean; readonly onRevoke: () => void }) {
  const words = useWords(shareWords);
  const now = useNow();
  const { id, counts, revokedAt, expiresAt, siteFigures } = link;
  const works = counts && expiresAt > now;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <code>{id}</code>
      <Chip tone={works ? "ok" : "neutral"}>{works ? words.good : revokedAt === null ? words.expired : words.revoked}</Chip>
      <span className="min-w-0 flex-1 text-12 text-fg-2">
        {words.until} <When at={expiresAt} />
        {siteFigures && `, ${words.withSites}`}
      </span>
      {works && (
        <Button size="small" kind="danger" aria-label={`${words.revoke} ${id}`} busy={busy && words.revoking} onClick={onRevoke}>
          {words.revoke}
        </Button>
      )}
    </li>
  );
}
