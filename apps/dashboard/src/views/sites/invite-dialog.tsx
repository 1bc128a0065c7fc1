"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { SiteName } from "@engraft/core/base/ids";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, Plus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { CodeLine, Words } from "../../parts/copy.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { SelectField, TextField } from "../../parts/field.tsx";
import { countdownText } from "../../parts/figures.ts";
import { Refused } from "../../parts/states.tsx";
import { useNow } from "../../parts/time.tsx";

interface Made {
  readonly site: string;
  readonly id: string;
  readonly command: string;
  readonly expires: number;
}

const HOURS = [
  { hours: 1, text: "1 hour" },
  { hours: 24, text: "24 hours" },
  { hours: 72, text: "3 days" },
  { hours: 168, text: "7 days" },
];

export function InviteDialog({ sites }: { readonly sites: readonly SiteView[] }) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState<Made | undefined>(undefined);
  const change = (next: boolean): void => {
    setOpen(next);
    // The command holds a secret: it is gone once the dialog closes.
    if (!next) setMade(undefined);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={change}
      title="Invite a site"
      under="One command on the hospital’s machine. Its key is born there and never leaves."
      trigger={
        <Button kind="primary">
          <Plus size={14} aria-hidden />
          Invite site
        </Button>
      }
    >
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
  const queryClient = useQueryClient();
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const invite = useMutation(
    trpc.sites.invite.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.sites.invites.queryKey() }) }),
  );
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const site = SiteName.safeParse(data.get("site"));
    if (!site.success) return setWrong("Enter 2 to 40 of a-z, 0-9 and “-”, starting and ending with a letter or digit.");
    if (sites.some((other) => other.name === site.data))
      return setWrong(`${site.data} has joined already. Names are never used twice: enter another.`);
    setWrong(undefined);
    invite.mutate(
      { site: site.data, hours: Number(data.get("hours")) },
      { onSuccess: ({ id, command, expires }) => onMade({ site: site.data, id, command, expires }) },
    );
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Invite a site">
      <div className="in">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="Name of the site"
            name="site"
            autoComplete="off"
            autoFocus
            spellCheck={false}
            wrong={wrong}
            hint="Short; people type it and see it in tables."
          />
          <SelectField label="Valid for" name="hours" defaultValue="24">
            {HOURS.map(({ hours, text }) => (
              <option key={hours} value={hours}>
                {text}
              </option>
            ))}
          </SelectField>
        </div>
        {invite.error !== null && <Refused what="No invite was made." error={invite.error} />}
      </div>
      <footer>
        <span className="text-12 text-fg-3">The invite works once.</span>
        <Button kind="primary" type="submit" busy={invite.isPending && "Making invite …"}>
          Make invite
        </Button>
      </footer>
    </form>
  );
}

function InviteMade({ made, joined, onDone }: { readonly made: Made; readonly joined: SiteView | undefined; readonly onDone: () => void }) {
  const trpc = useTRPC();
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
          <h3>1. Send this to hospital IT at {made.site}</h3>
          <CodeLine code={made.command} what="join command" />
          <p className="text-12 text-fg-2">
            Needs Node 20 or newer and one way out to this coordinator. Send it over a channel you trust: whoever runs it first is the site.
          </p>
        </div>
        <div className="grid gap-1.5">
          <h3>2. Compare by phone when it connects</h3>
          {joined === undefined ? (
            <p
              role="status"
              className="flex flex-wrap items-center justify-between gap-2 rounded-md border border-dashed border-line-strong px-3 py-2.5 text-fg-2"
            >
              <span className="flex items-center gap-2">
                <CircleDashed size={14} aria-hidden />
                Waiting for {made.site}. Both sides will show the same 8 words.
              </span>
              <span className="text-12 tabular-nums">
                {left > 0 ? `expires in ${countdownText(left)}` : "expired: make another invite"}
              </span>
            </p>
          ) : (
            <>
              <p role="status" className="flex items-center gap-2 font-medium text-accent">
                <CircleCheck size={14} aria-hidden />
                {made.site} has joined.
              </p>
              <Words words={joined.words} of={`Fingerprint of ${made.site}`} />
            </>
          )}
        </div>
        {revoke.error !== null && <Refused what="The invite was not revoked." error={revoke.error} />}
      </div>
      <footer>
        {joined === undefined ? (
          <Button kind="danger" busy={revoke.isPending && "Revoking invite …"} onClick={() => revoke.mutate({ id: made.id })}>
            Revoke invite
          </Button>
        ) : (
          <span />
        )}
        <Button kind="primary" onClick={onDone}>
          Done
        </Button>
      </footer>
    </>
  );
}
