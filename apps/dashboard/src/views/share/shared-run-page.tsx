"use client";
import type { SharedRun } from "@engraft/coordinator/api/alert-views";
import { Eye } from "lucide-react";
import { useEffect, useState } from "react";
import { newApiClient } from "../../api/trpc.ts";
import { troubleOf } from "../../api/trouble.ts";
import { Card, PageHead } from "../../parts/card.tsx";
import { Chip, Note, type Tone } from "../../parts/chip.tsx";
import { Empty, Skeleton } from "../../parts/states.tsx";
import { ScrollTable } from "../../parts/table-region.tsx";
import { When } from "../../parts/time.tsx";
import { Brand } from "../../shell/brand.tsx";
import { LanguageButton } from "../../shell/language.tsx";
import { ThemeButton } from "../../shell/theme.tsx";
import { useWords } from "../../words/language.ts";
import { SharedCurves } from "./shared-curves.tsx";
import { shareWords } from "./words.ts";

const EVERY_MS = 10_000;

type State = { readonly run: SharedRun } | "asking" | "gone" | "unreachable";

/** Without a session and without the live connection: it asks again every ten seconds, and nothing else of the API. */
function useShared(secret: string): State {
  const [client] = useState(newApiClient);
  const [state, setState] = useState<State>("asking");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const ask = async (): Promise<void> => {
      const next = await client.share.view.query({ secret }).then(
        (run): State => ({ run }),
        (error: unknown): State => (troubleOf(error).kind === "unreachable" ? "unreachable" : "gone"),
      );
      if (left) return;
      // Figures that are there stay while the coordinator does not answer.
      setState((now) => (next === "unreachable" && typeof now === "object" ? now : next));
      if (next === "unreachable" || (typeof next === "object" && next.run.endedAt === null)) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [client, secret]);
  return state;
}

export function SharedRunPage({ secret }: { readonly secret: string }) {
  const words = useWords(shareWords);
  const state = useShared(secret);
  return (
    <main className="main mx-auto max-w-[1040px]">
      <div className="flex items-center justify-between py-2">
        <Brand />
        <div className="flex">
          <LanguageButton />
          <ThemeButton />
        </div>
      </div>
      {typeof state === "object" ? (
        <Shared run={state.run} />
      ) : (
        <>
          <h1 className={state === "asking" ? "sr-only" : undefined}>{words.shared}</h1>
          {state === "asking" && <Skeleton label={words.opening} />}
          {state === "gone" && <Empty title={words.gone}>{words.goneWhy}</Empty>}
          {state === "unreachable" && <Empty title={words.unreachable}>{words.unreachableWhy}</Empty>}
        </>
      )}
    </main>
  );
}

const toneOf = (phase: SharedRun["phase"]): Tone =>
  phase === "failed" ? "bad" : phase === "stopped" ? "neutral" : phase === "gathering" ? "info" : "ok";

function Shared({ run }: { readonly run: SharedRun }) {
  const words = useWords(shareWords);
  const { plan, phase, sites, aggregation, expiresAt } = run;
  return (
    <>
      <PageHead
        title={run.run}
        chips={
          <>
            <Chip tone={toneOf(phase)}>{words.phases[phase]}</Chip>
            <Chip icon={<Eye aria-hidden />}>{words.readOnly}</Chip>
          </>
        }
        under={<p>{words.about(plan.name, plan.version, sites)}</p>}
      />
      <Note tone={aggregation === "plain" ? "warn" : "neutral"}>{aggregation === "plain" ? words.plain : words.secure}</Note>
      <SharedCurves curves={run.curves} />
      <RoundsCard run={run} />
      <p className="text-12 text-fg-2">
        {words.validUntil} <When at={expiresAt} />.
      </p>
    </>
  );
}

function RoundsCard({ run: { rounds, plannedRounds } }: { readonly run: SharedRun }) {
  const words = useWords(shareWords);
  return (
    <Card title={words.rounds} aside={words.roundOf(rounds.length, plannedRounds)} padded={rounds.length === 0}>
      {rounds.length === 0 ? (
        <p>{words.noRound}</p>
      ) : (
        <ScrollTable label={words.roundTable} caption={words.rounds}>
          <thead>
            <tr>
              <th scope="col">{words.round}</th>
              <th scope="col">{words.began}</th>
              <th scope="col" className="n">
                {words.asked}
              </th>
              <th scope="col" className="n">
                {words.counted}
              </th>
              <th scope="col">{words.state}</th>
            </tr>
          </thead>
          <tbody>
            {rounds.toReversed().map(({ round, openedAt, asked, counted, state }) => (
              <tr key={round}>
                <th scope="row">{round}</th>
                <td className="whitespace-nowrap">
                  <When at={openedAt} />
                </td>
                <td className="n">{asked}</td>
                <td className="n">{counted ?? ""}</td>
                <td>
                  <Chip tone={state === "failed" ? "bad" : state === "open" ? "info" : "ok"}>{words.states[state]}</Chip>
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
    </Card>
  );
}
