"use client";
/** What sites have signed of a round: what the coordinator keeps, and what came in since. */
import type { TimingView } from "@engraft/coordinator/api/timing-views";
import type { RunView } from "@engraft/core/rounds/view";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { allRounds, endOf } from "../secure/steps.ts";
import { withTiming, type Timed } from "../use-run.ts";

/** Undefined until it is known; where the coordinator cannot be asked, what came in live has to do. */
export function useTimed(run: string, round: number, live: Timed): readonly TimingView[] | undefined {
  const trpc = useTRPC();
  const { data, error } = useQuery({ ...trpc.runs.timings.queryOptions({ run, round }), staleTime: 30_000 });
  const stored = data ?? (error === null ? undefined : NONE);
  const came = live.get(round) ?? NONE;
  return useMemo(() => (stored === undefined ? undefined : together(stored, came)), [stored, came]);
}

/** Of one round. */
const together = (stored: readonly TimingView[], live: readonly TimingView[]): readonly TimingView[] =>
  live.filter((one) => !isBehind(one, stored)).reduce(withTiming, stored);

/** What came in live can be older than what was asked for since. */
const isBehind = (one: TimingView, stored: readonly TimingView[]): boolean =>
  stored.some(({ site, timings }) => site === one.site && timings.life === one.timings.life && timings.at > one.timings.at);

/** Of older rounds it is not asked who was slow in what: a run may have thousands. */
const MAX_ASKED = 20;

/** What sites signed of a secure run's newest rounds that are over, for the strip of rounds. */
export function useRoundTimes(view: RunView, live: Timed): readonly TimingView[] {
  const trpc = useTRPC();
  const over = allRounds(view).filter((round) => endOf(round) !== null);
  const stored = useQueries({
    queries: over
      .slice(-MAX_ASKED)
      .map(({ round }) => ({ ...trpc.runs.timings.queryOptions({ run: view.run, round }), staleTime: 30_000 })),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
  return useMemo(() => {
    const rounds = new Set([...stored.map(({ round }) => round), ...live.keys()]);
    return [...rounds].flatMap((round) =>
      together(
        stored.filter((one) => one.round === round),
        live.get(round) ?? NONE,
      ),
    );
  }, [live, stored]);
}

const NONE: readonly TimingView[] = [];
