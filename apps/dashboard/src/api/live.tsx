"use client";
/**
 * One live connection for the whole page. It follows either the federation or one run, and resumes after a cut from the
 * number of the last event it saw, so that nothing is missed and nothing is counted twice.
 */
import type { LiveItem } from "@engraft/coordinator/api/views";
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useEffectEvent, useMemo, useRef, useState, type ReactNode } from "react";
import { useTRPC, useTRPCClient } from "./trpc.ts";

export interface Connection {
  readonly status: "connecting" | "live" | "lost";
  /** When the connection was made or lost. */
  readonly since: number;
  /** When the next attempt begins; null while connected. */
  readonly nextTry: number | null;
}

interface Scope {
  readonly run: string | null;
  /** Number of the last event that the page has; the stream starts after it. */
  readonly from: string | undefined;
}

interface Live {
  readonly connection: Connection;
  readonly tryNow: () => void;
  readonly follow: (scope: Scope) => void;
  readonly listen: (listener: (item: LiveItem) => void) => () => void;
}

const LiveContext = createContext<Live | undefined>(undefined);

export function useLive(): Live {
  const live = use(LiveContext);
  if (live === undefined) throw new Error("Bug: useLive outside LiveProvider");
  return live;
}

/** Calls `onItem` with every live item while the component is there. */
export function useLiveItems(onItem: (item: LiveItem) => void): void {
  const { listen } = useLive();
  const latest = useEffectEvent(onItem);
  useEffect(() => listen((item) => latest(item)), [listen]);
}

const FEDERATION: Scope = { run: null, from: undefined };
const DELAYS_MS = [500, 1000, 2000, 4000, 8000];

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useTRPCClient();
  const refresh = useRefresh();
  const [connection, setConnection] = useState<Connection>({ status: "connecting", since: Date.now(), nextTry: null });
  const [scope, setScope] = useState<Scope>(FEDERATION);
  const listeners = useRef(new Set<(item: LiveItem) => void>());
  const retry = useRef<() => void>(() => {});

  useEffect(() => {
    let cursor = scope.from;
    let attempts = 0;
    let wasCut = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let subscription: { unsubscribe: () => void } | undefined;
    let ended = false;

    const take = (item: LiveItem): void => {
      if (item.kind === "event") cursor = String(item.seq);
      refresh.after(item);
      for (const listener of listeners.current) listener(item);
    };
    const connected = (): void => {
      attempts = 0;
      setConnection({ status: "live", since: Date.now(), nextTry: null });
      // Unnumbered items ("something changed") may have been missed while the line was cut.
      if (wasCut) refresh.all();
      wasCut = false;
    };
    const cut = (): void => {
      if (ended || timer !== undefined) return;
      subscription?.unsubscribe();
      const delay = DELAYS_MS[Math.min(attempts++, DELAYS_MS.length - 1)] ?? 8000;
      wasCut = true;
      setConnection((before) => ({ status: "lost", since: before.status === "lost" ? before.since : Date.now(), nextTry: Date.now() + delay }));
      timer = setTimeout(open, delay);
    };
    function open(): void {
      clearTimeout(timer);
      timer = undefined;
      let started = false;
      subscription = client.live.subscribe(
        { run: scope.run, ...(cursor === undefined ? {} : { lastEventId: cursor }) },
        {
          onStarted: () => {
            started = true;
            connected();
          },
          onData: (data) => take("data" in data ? data.data : data),
          // The browser would retry by itself; one clock for all causes lets the page say when.
          onConnectionStateChange: ({ state, error }) => {
            if (state === "connecting" && (started || error !== null)) queueMicrotask(cut);
          },
          onError: cut,
          onComplete: () => queueMicrotask(cut),
        },
      );
    }
    retry.current = () => {
      if (timer !== undefined) open();
    };
    open();
    return () => {
      ended = true;
      clearTimeout(timer);
      subscription?.unsubscribe();
    };
  }, [client, refresh, scope]);

  const listen = useCallback((listener: (item: LiveItem) => void) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  }, []);
  const follow = useCallback((next: Scope) => setScope((now) => (now.run === next.run ? now : next)), []);
  const value = useMemo<Live>(() => ({ connection, tryNow: () => retry.current(), follow, listen }), [connection, follow, listen]);
  return <LiveContext value={value}>{children}</LiveContext>;
}

/** While mounted, the live connection follows this run, from the event after `from`. */
export function useFollowRun(run: string, from: number | undefined): void {
  const { follow } = useLive();
  useEffect(() => {
    if (from !== undefined) follow({ run, from: String(from) });
  }, [follow, run, from]);
  useEffect(() => () => follow(FEDERATION), [follow, run]);
}

const AFTER_EVENT_MS = 400;

/** Lists that a live item makes stale are asked for again; after an event at most every 400 ms. */
function useRefresh(): { readonly after: (item: LiveItem) => void; readonly all: () => void } {
  const queryClient = useQueryClient();
  const trpc = useTRPC();
  return useMemo(() => {
    let waiting = false;
    const again = (...keys: readonly (readonly unknown[])[]): void => keys.forEach((queryKey) => void queryClient.invalidateQueries({ queryKey }));
    const home = trpc.home.queryKey();
    const soon = (): void => {
      if (waiting) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        again(home, trpc.runs.list.queryKey());
      }, AFTER_EVENT_MS);
    };
    const after = (item: LiveItem): void => {
      if (item.kind === "event") soon();
      if (item.kind !== "changed") return;
      if (item.what === "sites") again(home, trpc.sites.pathKey(), trpc.plans.pathKey());
      if (item.what === "plans") again(home, trpc.plans.pathKey(), trpc.sites.pathKey());
      if (item.what === "runs") again(home, trpc.runs.list.queryKey(), trpc.plans.pathKey());
      if (item.what === "releases") again(home, trpc.releases.pathKey(), trpc.runs.pathKey());
    };
    return { after, all: () => refetchAll(queryClient) };
  }, [queryClient, trpc]);
}

const refetchAll = (queryClient: QueryClient): void => void queryClient.invalidateQueries();
