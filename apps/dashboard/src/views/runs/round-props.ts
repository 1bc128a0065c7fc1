"use client";
/** What the two cards of a run's rounds are given, plain and secure, and whether a site is there. */
import type { Plan } from "@engraft/core/models/plan";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../../api/trpc.ts";
import type { SiteNow } from "./timeline/lanes.ts";
import type { Timed, Working } from "./use-run.ts";

export interface RoundsProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly working: ReadonlyMap<string, Working>;
  /** What sites have signed while the page was open. */
  readonly timed: Timed;
  /** Number of the round that is shown. */
  readonly selected: number;
  readonly onSelect: (round: number) => void;
}

export interface RoundProps {
  readonly plan: Plan;
  readonly view: RunView;
  readonly round: RoundView;
  readonly working: ReadonlyMap<string, Working>;
  readonly timed: Timed;
  readonly now: number;
}

const UNKNOWN: SiteNow = { online: true, lastSeen: null };

/** Until it is known, a site counts as online: nobody is told that it is away. */
export function useSites(): (name: string) => SiteNow {
  const trpc = useTRPC();
  const sites = useQuery(trpc.sites.list.queryOptions()).data ?? [];
  return (name) => sites.find((site) => site.name === name) ?? UNKNOWN;
}
