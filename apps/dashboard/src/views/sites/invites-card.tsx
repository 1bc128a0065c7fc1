"use client";
import type { InviteView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Chip, type Tone } from "../../parts/chip.tsx";
import { countdownText, personText } from "../../parts/figures.ts";
import { Loaded, Refused } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { SITES } from "./words.ts";

const TONES: Readonly<Record<InviteView["state"], Tone>> = { open: "info", used: "ok", expired: "neutral", revoked: "neutral" };

export function InvitesCard() {
  const trpc = useTRPC();
  const words = useWords(SITES);
  const queryClient = useQueryClient();
  const now = useNow();
  const invites = useQuery(trpc.sites.invites.queryOptions());
  const revoke = useMutation(
    trpc.sites.revokeInvite.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.sites.invites.queryKey() }),
    }),
  );
  const open = invites.data?.filter((invite) => invite.state === "open").length ?? 0;
  return (
    <Card title={words.invites} aside={words.open(open)}>
      {revoke.error !== null && (
        <div className="p-4">
          <Refused what={words.notRevoked} error={revoke.error} />
        </div>
      )}
      <Loaded query={invites} rows={2}>
        {(list) =>
          list.length === 0 ? (
            <p className="px-4 py-4 text-fg-2">{words.noInvite}</p>
          ) : (
            <ul className="list tight">
              {list.map((invite) => (
                <li key={invite.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <span className="w-32 font-medium">{invite.site}</span>
                  <Chip tone={TONES[invite.state]}>{words.states[invite.state]}</Chip>
                  <span className="min-w-0 flex-1 text-12 text-fg-2 max-sm:order-last max-sm:basis-full">
                    {words.by} {personText(invite.by)}, <When at={invite.createdAt} />
                    {invite.state === "open" && `, ${words.expiresIn(countdownText(invite.expires - now))}`}
                  </span>
                  {invite.state === "open" && (
                    <Button
                      kind="danger"
                      size="small"
                      aria-label={words.revokeOf(invite.site)}
                      blocked={revoke.isPending}
                      onClick={() => revoke.mutate({ id: invite.id })}
                    >
                      {words.revoke}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}
