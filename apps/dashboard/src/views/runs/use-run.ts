"use client";
/** A run as it is now: what the coordinator had stored when the page asked, and every event since. */
import type { AuditView, LiveItem, ProgressView, RunDetail } from "@engraft/coordinator/api/views";
import type { TimingView } from "@engraft/coordinator/api/timing-views";
import { withEvent, type RunView } from "@engraft/core/rounds/view";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { useFollowRun, useLiveItems } from "../../api/live.tsx";
import { useTRPC } from "../../api/trpc.ts";

export interface RunNow {
  readonly run: string;
  /** Number of the newest event that is folded in; older ones are ignored, so none counts twice. */
  readonly seq: number;
  readonly view: RunView | undefined;
  readonly refusals: readonly AuditView[];
  /** What each site does, as far as it was heard while the page was open. */
  readonly working: ReadonlyMap<string, Working>;
  /** What sites have signed while the page was open, by round: the newest of each process. Of the newest rounds; older ones are asked for. */
  readonly timed: Timed;
}

export type Timed = ReadonlyMap<number, readonly TimingView[]>;

/** A site's way through one round: when each phase was first heard of, and how far the newest has come. */
export interface Working {
  readonly newest: ProgressView;
  readonly steps: readonly { readonly phase: ProgressView["phase"]; readonly from: number }[];
}

type Change = { readonly load: RunDetail } | { readonly item: LiveItem } | { readonly items: readonly LiveItem[] };

export const NOTHING: RunNow = { run: "", seq: -1, view: undefined, refusals: [], working: new Map(), timed: new Map() };

export function withChange(now: RunNow, change: Change): RunNow {
  if ("load" in change) {
    const { run, events, refusals } = change.load;
    const start = now.run === run ? now : { ...NOTHING, run };
    const folded = events.reduce((state, { seq, event }) => withNumbered(state, seq, event), start);
    return { ...folded, refusals };
  }
  if ("items" in change) return change.items.reduce((state, each) => withChange(state, { item: each }), now);
  const { item } = change;
  switch (item.kind) {
    case "event":
      return now.view !== undefined && item.run === now.run ? withNumbered(now, item.seq, item.event) : now;
    case "progress":
      return item.progress.run === now.run
        ? { ...now, working: new Map(now.working).set(item.progress.site, withStep(now.working.get(item.progress.site), item.progress)) }
        : now;
    case "refusal":
      return item.run === now.run && !now.refusals.some((refusal) => refusal.seq === item.refusal.seq)
        ? { ...now, refusals: [item.refusal, ...now.refusals] }
        : now;
    case "timing":
      return item.timing.run === now.run ? { ...now, timed: withTimed(now.timed, item.timing) } : now;
    case "changed":
      return now;
    default:
      return item satisfies never;
  }
}

const isSame = (a: TimingView, b: TimingView): boolean => a.round === b.round && a.site === b.site && a.timings.life === b.timings.life;

/** The newest word of a process stands for all before it. */
export const withTiming = (timed: readonly TimingView[], newest: TimingView): readonly TimingView[] => [
  ...timed.filter((one) => !isSame(one, newest)),
  newest,
];

const MAX_TIMED = 50;

function withTimed(timed: Timed, newest: TimingView): Timed {
  const all = new Map(timed).set(newest.round, withTiming(timed.get(newest.round) ?? [], newest));
  const [oldest] = all.keys();
  if (all.size > MAX_TIMED && oldest !== undefined) all.delete(oldest);
  return all;
}

function withNumbered(now: RunNow, seq: number, event: Parameters<typeof withEvent>[1]): RunNow {
  return seq <= now.seq ? now : { ...now, seq, view: withEvent(now.view, event) };
}

function withStep(before: Working | undefined, newest: ProgressView): Working {
  const step = { phase: newest.phase, from: newest.at };
  if (before === undefined || before.newest.round !== newest.round) return { newest, steps: [step] };
  return { newest, steps: before.steps.at(-1)?.phase === newest.phase ? before.steps : [...before.steps, step] };
}

export function useRun(run: string) {
  const trpc = useTRPC();
  const query = useQuery({ ...trpc.runs.get.queryOptions({ run }), staleTime: 60_000 });
  const [now, dispatch] = useReducer(withChange, NOTHING);
  useEffect(() => {
    if (query.data !== undefined) dispatch({ load: query.data });
  }, [query.data]);
  useFollowRun(run, query.data?.events.at(-1)?.seq);
  useLiveItems(usePerFrame(useCallback((items: readonly LiveItem[]) => dispatch({ items }), [])));
  return { query, now: now.run === run ? now : NOTHING };
}

/** Hands on, in order, what came since the last frame: the page is drawn once for all of it. A hidden page has no frames. */
function usePerFrame(onItems: (items: readonly LiveItem[]) => void): (item: LiveItem) => void {
  const waiting = useRef<{ items: LiveItem[]; frame: number | null }>({ items: [], frame: null });
  const handOn = useCallback(() => {
    const { items, frame } = waiting.current;
    if (frame !== null) cancelAnimationFrame(frame);
    waiting.current = { items: [], frame: null };
    if (items.length > 0) onItems(items);
  }, [onItems]);
  useEffect(() => {
    document.addEventListener("visibilitychange", handOn);
    return () => {
      document.removeEventListener("visibilitychange", handOn);
      handOn();
    };
  }, [handOn]);
  return useCallback(
    (item) => {
      waiting.current.items.push(item);
      if (document.hidden) handOn();
      else waiting.current.frame ??= requestAnimationFrame(handOn);
    },
    [handOn],
  );
}
