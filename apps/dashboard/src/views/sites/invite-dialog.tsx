"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { SiteName } from "@engraft/core/base/ids";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleDashed } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { CodeLine, Words } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { countdownText } from "../../parts/figures.ts";
import { Refused } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { QrCode } from "./qr-code.tsx";
import { SITES } from "./words.ts";

interface Made {
  readonly site: string;
  readonly id: string;
  readonly invite: string;
  readonly command: string;
  readonly expires: number;
}

const HOURS = [1, 24, 72, 168];

interface InviteDialogProps {
  readonly sites: readonly SiteView[];
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export function InviteDialog({ sites, open, onOpenChange }: InviteDialogProps) {
  const words = useWords(SITES);
  const [made, setMade] = useState<Made | undefined>(undefined);
  const change = (next: boolean): void => {
    onOpenChange(next);
    // The command holds a secret: it is gone once the dialog closes.
    if (!next) setMade(undefined);
  };
  return (
    <Dialog open={open} onOpenChange={change} title={words.inviteTitle} under={words.inviteUnder}>
      {made === undefined ? (
        <InviteForm sites={sites} onMade={setMade} />
      ) : (
        <InviteMade made={made} joined={sites.find((site) => site.name === made.site)} onDone={() => change(false)} />
      )}
    </Dialog>
  );
}

function InviteForm({ sites, onMade }: { readonly sites: readonly SiteView[]; readonly onMade: (made: Made) => void }) {
  const trpc = useTRPC();
  const words = useWords(SITES);
  const queryClient = useQueryClient();
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const invite = useMutation(
    trpc.sites.invite.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.sites.invites.queryKey() }) }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const site = SiteName.safeParse(data.get("site"));
    if (!site.success) return setWrong(words.siteNameWrong);
    if (sites.some((other) => other.name === site.data)) return setWrong(words.siteNameTaken(site.data));
    setWrong(undefined);
    invite.mutate(
      { site: site.data, hours: Number(data.get("hours")) },
      { onSuccess: ({ id, invite: line, command, expires }) => onMade({ site: site.data, id, invite: line, command, expires }) },
    );
  };
  return (
    <form onSubmit={submit} noValidate aria-label={words.inviteTitle}>
      <div className="in">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label={words.siteName}
            name="site"
            autoComplete="off"
            autoFocus
            spellCheck={false}
            wrong={wrong}
            hint={words.siteNameHint}
          />
          <SelectField label={words.validFor} name="hours" defaultValue="24">
            {HOURS.map((hours) => (
              <option key={hours} value={hours}>
                {words.hours[hours]}
              </option>
            ))}
          </SelectField>
        </div>
        {invite.error !== null && <Refused what={words.notMade} error={invite.error} />}
      </div>
      <footer>
        <span className="text-12 text-fg-3">{words.inviteWorks}</span>
        <Button kind="primary" type="submit" busy={invite.isPending && words.making}>
          {words.makeInvite}
        </Button>
      </footer>
    </form>
  );
}

function InviteMade({ made, joined, onDone }: { readonly made: Made; readonly joined: SiteView | undefined; readonly onDone: () => void }) {
  const trpc = useTRPC();
  const words = useWords(SITES);
  const queryClient = useQueryClient();
  const now = useNow();
  const revoke = useMutation(
    trpc.sites.revokeInvite.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries({ queryKey: trpc.sites.invites.queryKey() });
        onDone();
      },
    }),
  );
  const left = made.expires - now;
  return (
    <>
      <div className="in">
        <div className="grid gap-1.5">
          <h3>{words.step1(made.site)}</h3>
          <CodeLine code={made.command} what={words.command} />
          <p className="text-12 text-fg-2">{words.needsNode}</p>
          <div className="flex flex-wrap items-start gap-3">
            <QrCode text={made.invite} label={words.qr} />
            <p className="min-w-40 flex-1 text-12 text-fg-2">{words.qrHint}</p>
          </div>
        </div>
        <div className="grid gap-1.5">
          <h3>{words.step2}</h3>
          {joined === undefined ? (
            <p
              role="status"
              className="flex flex-wrap items-center justify-between gap-2 rounded-md border border-dashed border-line-strong px-3 py-2.5 text-fg-2"
            >
              <span className="flex items-center gap-2">
                <CircleDashed size={14} aria-hidden />
                {words.waiting(made.site)}
              </span>
              <span className="text-12 tabular-nums">{left > 0 ? words.expiresIn(countdownText(left)) : words.expired}</span>
            </p>
          ) : (
            <>
              <p role="status" className="flex items-center gap-2 font-medium text-accent">
                <CircleCheck size={14} aria-hidden />
                {words.hasJoined(made.site)}
              </p>
              <Words words={joined.words} of={words.fingerprint(made.site)} />
            </>
          )}
        </div>
        {revoke.error !== null && <Refused what={words.notRevoked} error={revoke.error} />}
      </div>
      <footer>
        {joined === undefined ? (
          <Button kind="danger" busy={revoke.isPending && words.revoking} onClick={() => revoke.mutate({ id: made.id })}>
            {words.revokeInvite}
          </Button>
        ) : (
          <span />
        )}
        <Button kind="primary" onClick={onDone}>
          {words.done}
        </Button>
      </footer>
    </>
  );
}
