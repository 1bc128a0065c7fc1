"use client";
import type { TokenView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { Empty, Loaded, Refused } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { NewTokenCard, type Made } from "./new-token-card.tsx";

export function TokensPage() {
  const [made, setMade] = useState<Made>();
  return (
    <Main bar={<TopBar crumbs={[{ text: "Your tokens" }]} />}>
      <PageHead
        title="Your tokens"
        under="With a token your own programs and curl sign in as you, within its scopes. It never does more than you may."
      />
      {made !== undefined && <MadeCard made={made} />}
      <TokensCard />
      <NewTokenCard onMade={setMade} />
    </Main>
  );
}

/** The one time that a secret is seen. It takes the focus, so that nobody misses it. */
function MadeCard({ made }: { readonly made: Made }) {
  const first = useRef<HTMLParagraphElement>(null);
  useEffect(() => first.current?.focus(), [made.id]);
  const example = made.scopes.includes("read:runs") ? "runs.list" : "releases.list";
  return (
    <Card title={`Token “${made.name}”`} aside="shown now and never again" padded>
      <p tabIndex={-1} ref={first}>
        Copy it now and keep it like a password. If it is lost, revoke it and make another.
      </p>
      <CodeLine code={made.secret} what="token" />
      <p className="mt-3">Put it into ENGRAFT_TOKEN, so that it stays out of the shell's history, and try it:</p>
      <CodeLine code={`curl -H "Authorization: Bearer $ENGRAFT_TOKEN" ${globalThis.location.origin}/trpc/${example}`} what="curl command" />
    </Card>
  );
}

function TokensCard() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const tokens = useQuery(trpc.tokens.list.queryOptions());
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.tokens.pathKey() }) }),
  );
  return (
    <Card title="Tokens" aside={`${tokens.data?.filter(({ counts }) => counts).length ?? 0} that count`}>
      {revoke.error !== null && (
        <div className="p-4">
          <Refused what="The token was not revoked." error={revoke.error} />
        </div>
      )}
      <Loaded query={tokens} rows={2}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No token yet">Make one below, for a notebook or a script.</Empty>
          ) : (
            <ul className="list tight">
              {list.map((token) => (
                <TokenLine key={token.id} token={token} busy={revoke.isPending} onRevoke={() => revoke.mutate({ id: token.id })} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

function TokenLine({ token, busy, onRevoke }: { readonly token: TokenView; readonly busy: boolean; readonly onRevoke: () => void }) {
  const now = useNow();
  const { id, name, scopes, expiresAt, lastUsedAt, revokedAt, counts } = token;
  const state = counts ? "good" : revokedAt !== null ? "revoked" : expiresAt <= now ? "expired" : "barred";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="w-40 font-medium wrap-anywhere">{name}</span>
      <Chip tone={counts ? "ok" : "neutral"}>{state}</Chip>
      <span className="min-w-0 flex-1 text-12 text-fg-2 max-sm:order-last max-sm:basis-full">
        <code>{id}</code>, {scopes.join(", ")}; until <When at={expiresAt} />;{" "}
        {lastUsedAt === null ? (
          "never used"
        ) : (
          <>
            last used <When at={lastUsedAt} />
          </>
        )}
      </span>
      {counts && (
        <Button kind="danger" size="small" aria-label={`Revoke token ${name}`} blocked={busy} onClick={onRevoke}>
          Revoke
        </Button>
      )}
    </li>
  );
}
