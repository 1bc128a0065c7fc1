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

const TONES: Readonly<Record<InviteView["state"], Tone>> = { open: "info", used: "ok", expired: "neutral", revoked: "neutral" };

export function InvitesCard() {
  const trpc = useTRPC();
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
    <Card title="Invites" aside={`${open} open`}>
      {revoke.error !== null && (
        <div className="p-4">
          <Refused what="The invite was not revoked." error={revoke.error} />
        </div>
      )}
      <Loaded query={invites} rows={2}>
        {(list) =>
          list.length === 0 ? (
            <p className="px-4 py-4 text-fg-2">No invite yet. “Invite site” makes one.</p>
          ) : (
            <ul className="list tight">
              {list.map((invite) => (
                <li key={invite.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <span className="w-32 font-medium">{invite.site}</span>
                  <Chip tone={TONES[invite.state]}>{invite.state}</Chip>
                  <span className="min-w-0 flex-1 text-12 text-fg-2 max-sm:order-last max-sm:basis-full">
                    by {personText(invite.by)}, <When at={invite.createdAt} />
                    {invite.state === "open" && `, expires in ${countdownText(invite.expires - now)}`}
                  </span>
                  {invite.state === "open" && (
                    <Button
                      kind="danger"
                      size="small"
                      aria-label={`Revoke invite of ${invite.site}`}
                      blocked={revoke.isPending}
                      onClick={() => revoke.mutate({ id: invite.id })}
                    >
                      Revoke
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
