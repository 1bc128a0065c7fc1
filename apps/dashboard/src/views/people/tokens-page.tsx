"use client";
import type { TokenView } from "@engraft/coordinator/api/views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { Empty, Loaded, Refused } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useMay } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { NewTokenCard, type Made } from "./new-token-card.tsx";
import { peopleWords } from "./words.ts";

export function TokensPage() {
  const words = useWords(peopleWords);
  const may = useMay("tokens.list");
  const [made, setMade] = useState<Made>();
  return (
    <Main bar={<TopBar crumbs={[{ text: words.tokens }]} />}>
      <PageHead title={words.tokens} under={words.tokensUnder} />
      {may ? (
        <>
          {made !== undefined && <MadeCard made={made} />}
          <TokensCard />
          <NewTokenCard onMade={setMade} />
        </>
      ) : (
        <Note tone="info">{words.tokensResearchers}</Note>
      )}
    </Main>
  );
}

/** The one time that a secret is seen. It takes the focus, so that nobody misses it. */
function MadeCard({ made }: { readonly made: Made }) {
  const words = useWords(peopleWords);
  const first = useRef<HTMLParagraphElement>(null);
  useEffect(() => first.current?.focus(), [made.id]);
  const example = made.scopes.includes("read:runs") ? "runs.list" : "releases.list";
  return (
    <Card title={words.tokenTitle(made.name)} aside={words.shownOnce} padded>
      <p tabIndex={-1} ref={first}>
        {words.copyNow}
      </p>
      <CodeLine code={made.secret} what={words.token} />
      <p className="mt-3">{words.tryIt}</p>
      <CodeLine code={`curl -H "Authorization: Bearer $ENGRAFT_TOKEN" ${globalThis.location.origin}/trpc/${example}`} what={words.curl} />
    </Card>
  );
}

function TokensCard() {
  const words = useWords(peopleWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const tokens = useQuery(trpc.tokens.list.queryOptions());
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.tokens.pathKey() }) }),
  );
  return (
    <Card title={words.tokenList} aside={words.counting(tokens.data?.filter(({ counts }) => counts).length ?? 0)}>
      {revoke.error !== null && (
        <div className="p-4">
          <Refused what={words.notRevoked} error={revoke.error} />
        </div>
      )}
      <Loaded query={tokens} rows={2}>
        {(list) =>
          list.length === 0 ? (
            <Empty title={words.noToken}>{words.noTokenWhy}</Empty>
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
  const words = useWords(peopleWords);
  const now = useNow();
  const { id, name, scopes, expiresAt, lastUsedAt, revokedAt, counts } = token;
  const state = counts ? "good" : revokedAt !== null ? "revoked" : expiresAt <= now ? "expired" : "barred";
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="w-40 font-medium wrap-anywhere">{name}</span>
      <Chip tone={counts ? "ok" : "neutral"}>{words.tokenStates[state]}</Chip>
      <span className="min-w-0 flex-1 text-12 text-fg-2 max-sm:order-last max-sm:basis-full">
        <code>{id}</code>, {scopes.join(", ")}; {words.until} <When at={expiresAt} />;{" "}
        {lastUsedAt === null ? (
          words.neverUsed
        ) : (
          <>
            {words.lastUsed} <When at={lastUsedAt} />
          </>
        )}
      </span>
      {counts && (
        <Button kind="danger" size="small" aria-label={words.revokeOf(name)} blocked={busy} onClick={onRevoke}>
          {words.revoke}
        </Button>
      )}
    </li>
  );
}
