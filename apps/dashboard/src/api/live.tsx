"use client";
/**
 * One live connection for the whole page. It follows either the federation or one run, and resumes after a cut from the
 * number of the last event it saw, so that nothing is missed and nothing is counted twice.
 */
import type { LiveItem } from "@engraft/coordinator/api/views";
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useEffectEvent, useMemo, useRef, useState, type ReactNode } from "react";
import { openLink, type Connection, type Link, type LinkDeps, type Scope } from "./live-link.ts";
import { useTRPC, useTRPCClient } from "./trpc.ts";

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

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useTRPCClient();
  const refresh = useRefresh();
  const [connection, setConnection] = useState<Connection>({ status: "connecting", since: Date.now(), nextTry: null });
  const [scope, setScope] = useState<Scope>(FEDERATION);
  const listeners = useRef(new Set<(item: LiveItem) => void>());
  const link = useRef<Link | undefined>(undefined);

  useEffect(() => {
    const opened = openLink(scope, {
      subscribe: subscribeWith(client),
      onItem: (item) => {
        refresh.after(item);
        for (const listener of listeners.current) listener(item);
      },
      onConnection: setConnection,
      onBack: refresh.all,
    });
    link.current = opened;
    return opened.close;
  }, [client, refresh, scope]);

  const listen = useCallback((listener: (item: LiveItem) => void) => {
    listeners.current.add(listener);
    return () => void listeners.current.delete(listener);
  }, []);
  const follow = useCallback((next: Scope) => setScope((now) => (now.run === next.run ? now : next)), []);
  const value = useMemo<Live>(() => ({ connection, tryNow: () => link.current?.tryNow(), follow, listen }), [connection, follow, listen]);
  return <LiveContext value={value}>{children}</LiveContext>;
}

/**
 * The browser would reconnect by itself, with a wait that nobody can see: any loss ends the subscription here, and
 * `openLink` opens the next one.
 */
function subscribeWith(client: ReturnType<typeof useTRPCClient>): LinkDeps["subscribe"] {
  return (input, { onStarted, onItem, onCut }) => {
    let started = false;
    const subscription = client.live.subscribe(input, {
      onStarted: () => {
        started = true;
        onStarted();
      },
      onData: (data) => onItem("data" in data ? data.data : data),
      onConnectionStateChange: ({ state, error }) => {
        if (state === "connecting" && (started || error !== null)) queueMicrotask(onCut);
      },
      onError: onCut,
      onComplete: () => queueMicrotask(onCut),
    });
    return () => subscription.unsubscribe();
  };
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
    const again = (...keys: readonly (readonly unknown[])[]): void =>
      keys.forEach((queryKey) => void queryClient.invalidateQueries({ queryKey }));
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
